import FoundationEssentials

/// Where the database's address comes from: given, or read from a file at the start.
enum DatabaseAddressFile {
    private static let bytesMax = 4_096

    /// - Returns: nil where no database is named.
    /// - Throws: `DeploymentError`.
    static func read(_ settings: DatabaseSettings, workingDirectory: String) throws -> SecretText? {
        guard let file = settings.urlFile else { return settings.url }
        let path = Deployment.absolute(file, workingDirectory)
        guard let data = FileManager.default.contents(atPath: path), data.count <= bytesMax,
            let text = String(validating: data, as: UTF8.self)
        else { throw DeploymentError("the database address file \(path) can not be read") }
        // Editors end a file with a line break.
        let address = text.drop(while: \.isWhitespace).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard !address.isEmpty else { throw DeploymentError("the database address file \(path) is empty") }
        return SecretText(address)
    }
}
