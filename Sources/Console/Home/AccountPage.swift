/// `/account`: what a signed-in person sees and changes of their own account.
package enum AccountPage {
    package static let path = "/account"
}
