import Console
import Testing

@Suite struct AccountPageTests {
    @Test func `the account page is where providers lead back to`() {
        #expect(AccountPage.path == "/account")
    }
}
