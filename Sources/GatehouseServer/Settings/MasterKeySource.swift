/// Where the master keys come from: the keys themselves never stand in the settings file.
package enum MasterKeySource: Sendable {
    /// `GATEHOUSE_MASTER_KEYS`: "id:base64(32 bytes)", several separated by commas.
    case given(SecretText)
    /// `master_key_file`: a file of the same form.
    case file(String)
    /// Local mode: made at the first start, mode 0600, and read from then on.
    case generated(String)

    static func read(_ root: SettingsSection, local: Bool, dataDirectory: String) -> MasterKeySource {
        let given = root.find("master_keys", .masterKeys)
        let file = root.find("master_key_file", .path)
        if given != nil, !root.isFromEnvironment("master_keys") {
            root.refuse("master_keys", "belongs into GATEHOUSE_MASTER_KEYS or a master_key_file, not into the settings file")
        }
        if root.isSet("master_keys"), file != nil {
            root.refuse("master_key_file", "is set as well as GATEHOUSE_MASTER_KEYS; keep one of them")
        }
        if let given { return .given(given) }
        if let file { return .file(file) }
        if !local, !root.isSet("master_keys"), !root.isSet("master_key_file") {
            root.refuse("master_keys", "set GATEHOUSE_MASTER_KEYS or master_key_file; make one with: echo \"1:$(openssl rand -base64 32)\"")
        }
        return .generated(dataDirectory + "/master.key")
    }
}
