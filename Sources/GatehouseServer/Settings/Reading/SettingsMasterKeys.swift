import FoundationEssentials

extension SettingsScalar where Value == SecretText {
    /// The form of `GATEHOUSE_MASTER_KEYS`. The message never repeats any part of it.
    static var masterKeys: Self {
        let secret = secret(bytesMax: 16_384)
        return Self(
            parse: { text throws(SettingsRefusal) in
                let value = try secret.parse(text)
                for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
                    let parts = entry.split(separator: ":", maxSplits: 1)
                    guard parts.count == 2, let key = Data(base64Encoded: String(parts[1])), key.count == 32 else {
                        throw SettingsRefusal("must be \"id:base64\" with 32 bytes each, several separated by commas")
                    }
                }
                return value
            }, print: secret.print)
    }
}
