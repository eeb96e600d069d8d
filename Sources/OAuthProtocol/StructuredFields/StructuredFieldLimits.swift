/// How much of a structured field is read before it is refused.
package struct StructuredFieldLimits: Sendable {
    package var bytesMax: Int
    package var membersMax: Int
    /// Items of one inner list.
    package var itemsMax: Int
    /// Parameters of one item or inner list.
    package var parametersMax: Int

    package init(bytesMax: Int = 8_192, membersMax: Int = 64, itemsMax: Int = 64, parametersMax: Int = 16) {
        self.bytesMax = bytesMax
        self.membersMax = membersMax
        self.itemsMax = itemsMax
        self.parametersMax = parametersMax
    }
}
