import Testing

@testable import Accounts

@Suite struct PasswordPolicyTests {
    private let policy = PasswordPolicy()

    private func refusal(_ password: String, username: String? = "ada.lovelace", emailAddress: String? = "ada@example.org")
        -> PasswordRefusal?
    {
        do throws(PasswordRefusal) {
            try policy.check(password, username: username, emailAddress: emailAddress)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "tr0ub4dor&3x", "eight 8s", "ein langer Satz, den niemand errät", "päßwörtlich", "密码密钥保管箱门钥", "qwerty is a keyboard layout",
        "password manager made this", "summer rain on tin roofs", "ada.lovelace and more",
    ])
    func `an uncommon password of eight characters or more is accepted`(password: String) {
        #expect(refusal(password) == nil)
    }

    @Test func `long sentences are accepted up to 1024 bytes`() {
        #expect(refusal(String(repeating: "correct, ", count: 113)) == nil)
        #expect(refusal((0..<200).map { "w\($0 * 37)" }.joined(separator: " ").prefix(1_024).description) == nil)
        #expect(refusal(String(repeating: "long sentence ", count: 80)) == .tooLong(bytesMax: 1_024))
    }

    @Test func `a short password is refused, counted in code points`() {
        #expect(refusal("x7#kQ!2") == .tooShort(charactersMin: 8))
        #expect(refusal("") == .tooShort(charactersMin: 8))
        #expect(refusal("密码密钥保管箱") == .tooShort(charactersMin: 8))
    }

    @Test func `a least length below eight is raised to eight`() {
        #expect(PasswordPolicy(charactersMin: 1).charactersMin == 8)
        #expect(PasswordPolicy(charactersMin: 15).charactersMin == 15)
    }

    @Test(arguments: [
        "password", "Password1", "P@ssw0rd", "passw0rd!", "PASSWORD123", "qwertyuiop", "12345678", "123456789", "1234567890", "87654321",
        "aaaaaaaa", "abababab", "abcabcabc", "letmein123", "Welcome1!", "iloveyou", "Sommer2024", "abcdefgh", "1q2w3e4r", "gatehouse1",
        "correct horse battery staple", "trustno1",
    ])
    func `what everybody tries first is refused`(password: String) {
        #expect(refusal(password) == .common)
    }

    @Test(arguments: ["ada.lovelace", "ADA.Lovelace", "ada@example.org", "Ada@Example.ORG"])
    func `the names of the account are refused`(password: String) {
        #expect(refusal(password) == .namesAccount)
    }

    @Test func `the part of the address before the sign is refused`() {
        #expect(refusal("ada.augusta", username: nil, emailAddress: "ada.augusta@example.org") == .namesAccount)
    }

    @Test(arguments: ["nul\u{0}inside it", "line\nbreak here", "tab\there or there"])
    func `control characters are refused`(password: String) {
        #expect(refusal(password) == .controlCharacters)
    }
}
