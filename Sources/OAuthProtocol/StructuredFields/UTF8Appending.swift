extension [UInt8] {
    /// As `append(contentsOf: text.utf8)`, in one copy: the view is otherwise walked byte by byte.
    mutating func append(text: String) {
        if text.utf8.withContiguousStorageIfAvailable({ append(contentsOf: $0) }) == nil { append(contentsOf: Array(text.utf8)) }
    }
}
