import Accounts
import Console
import Gateway
import Guard
import HTTPTypes
import Hummingbird
import OAuth
import Runtime
import Web

/// Every route of the server, on one screen.
package enum Routes {
    package typealias Path = DiscoveryEndpoint.Path

    /// Paths that scripts of registered origins may call.
    private static let crossOriginPaths: Set<String> = [
        Path.token, Path.userInfo, Path.revoke, Path.keys, Path.register,
        "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
    ]

    typealias Handler = @Sendable (Request, GatehouseContext) async throws -> Response

    static func crossOrigin(_ wiring: Wiring) -> CrossOriginMiddleware {
        CrossOriginMiddleware(paths: crossOriginPaths, prefixes: [Path.register + "/"]) {
            (try? await wiring.clients.isRegistered(origin: $0)) ?? false
        }
    }

    static func addresses(_ wiring: Wiring) -> AddressLimitMiddleware {
        AddressLimitMiddleware(
            limiters: [Path.token: wiring.limits.tokenPerAddress], fallback: wiring.limits.defaultPerAddress, clock: wiring.parts.clock)
    }

    /// What machines call all the time: exact paths without parameters, errors as JSON.
    static func machines(_ endpoints: Endpoints) -> [(method: HTTPRequest.Method, path: String, handler: Handler)] {
        let oauth = endpoints.oauth
        return [
            (.post, Path.token, oauth.token.respond),
            (.get, Path.userInfo, oauth.userInfo.respond),
            (.post, Path.userInfo, oauth.userInfo.respond),
            (.post, Path.introspect, oauth.introspection.respond),
            (.post, Path.revoke, oauth.revocation.respond),
            (.get, Path.keys, oauth.keys.respond),
            (.get, "/.well-known/openid-configuration", oauth.discovery.respond),
            (.get, "/.well-known/oauth-authorization-server", oauth.discovery.respond),
            (.post, APIKeyVerificationEndpoint.path, endpoints.keyVerification.respond),
            (.post, SignatureVerificationEndpoint.path, endpoints.signatureVerification.respond),
        ]
    }

    static func make(
        _ wiring: Wiring, _ endpoints: Endpoints, _ headers: ResponseHeadersMiddleware, _ origins: CrossOriginMiddleware,
        _ addresses: AddressLimitMiddleware
    ) -> Router<GatehouseContext> {
        let oauth = endpoints.oauth
        let router = Router(context: GatehouseContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware {
            headers
            origins
            ErrorMiddleware(.either(wiring.pages))
            addresses
        }

        let machines = router.group().add(middleware: ErrorMiddleware(.json))
        for route in Self.machines(endpoints) { machines.on("\(route.path)", method: route.method, use: route.handler) }
        machines.post("\(Path.register)", use: oauth.registration.respond)
        machines.get("\(Path.register)/:client_id", use: oauth.registrationManagement.show)
        machines.put("\(Path.register)/:client_id", use: oauth.registrationManagement.update)
        machines.delete("\(Path.register)/:client_id", use: oauth.registrationManagement.erase)

        machines.get("\(APIKeysEndpoint.path)", use: endpoints.keys.list)
        machines.post("\(APIKeysEndpoint.path)", use: endpoints.keys.issue)
        machines.post("\(APIKeysEndpoint.path)/import", use: endpoints.keys.importForeign)
        machines.get("\(APIKeysEndpoint.path)/:key_id", use: endpoints.keys.show)
        machines.delete("\(APIKeysEndpoint.path)/:key_id", use: endpoints.keys.revoke)
        machines.post("\(APIKeysEndpoint.path)/:key_id/rotate", use: endpoints.keys.rotate)

        machines.get("\(SignatureKeysEndpoint.path)", use: endpoints.signatureKeys.list)
        machines.post("\(SignatureKeysEndpoint.path)", use: endpoints.signatureKeys.issue)
        machines.get("\(SignatureKeysEndpoint.path)/:key_id", use: endpoints.signatureKeys.show)
        machines.delete("\(SignatureKeysEndpoint.path)/:key_id", use: endpoints.signatureKeys.revoke)
        machines.post("\(SignatureKeysEndpoint.path)/:key_id/rotate", use: endpoints.signatureKeys.rotate)
        machines.get("\(CertificateAuthorityEndpoint.listPath)", use: endpoints.certificateAuthority.showList)
        machines.get("\(CertificateAuthorityEndpoint.certificatePath)", use: endpoints.certificateAuthority.showCertificate)

        machines.post("\(BackchannelLogoutEndpoint.prefix)/:provider", use: endpoints.backchannelLogout.respond)

        let people = router.group().add(middleware: ErrorMiddleware(.page(wiring.pages)))
        people.get("/", use: endpoints.home.show)
        addSignInAndAccount(to: people, endpoints)
        people.get("/sign-out", use: endpoints.signOut.show)
        people.post("/sign-out", use: endpoints.signOut.submit)
        people.get("\(Path.authorize)", use: oauth.authorize.show)
        people.post("\(Path.authorize)", use: oauth.authorize.submit)
        people.get("\(AuthorizeEndpoint.continuePath)", use: oauth.authorize.resume)
        people.post("\(ConsentPage.path)", use: oauth.consent.submit)
        people.get("\(Path.logout)", use: oauth.logout.show)
        people.post("\(Path.logout)", use: oauth.logout.submit)
        people.post("\(LogoutEndpoint.confirmPath)", use: oauth.logout.confirm)
        // On protected hosts, through their proxies.
        people.get("\(DoorSignInPage.signInPath)", use: endpoints.doorSignIn.signIn)
        people.get("\(DoorSignInPage.callbackPath)", use: endpoints.doorSignIn.callback)
        people.get("\(DoorSignInPage.signOutPath)", use: endpoints.doorSignIn.signOut)
        people.post("\(DoorSignInPage.signOutPath)", use: endpoints.doorSignIn.signOut)
        wiring.pages.assets.addRoutes(to: people)
        refuseOtherMethods(router)
        return router
    }

    /// Signing in, here and with others, and what people change of their own accounts.
    private static func addSignInAndAccount(to people: RouterGroup<GatehouseContext>, _ endpoints: Endpoints) {
        people.get("/sign-in", use: endpoints.signIn.show)
        people.post("/sign-in", use: endpoints.signIn.submit)
        people.post("/sign-in/continue", use: endpoints.signIn.continueAsPresent)
        people.post("\(SignInPage.forgetPath)", use: endpoints.signIn.forgetIdentity)
        people.get("\(FederationPage.startPrefix)/:provider", use: endpoints.federation.start)
        people.get("\(FederationPage.callbackPrefix)/:provider", use: endpoints.federation.callback)
        people.post("\(FederationPage.callbackPrefix)/:provider", use: endpoints.federation.deliver)
        people.get("\(AccountPage.path)", use: endpoints.account.show)
        people.post("\(AccountPage.confirmPath)", use: endpoints.account.confirm)
        people.post("\(AccountPage.unlinkPath)", use: endpoints.account.unlink)
        people.post("\(AccountPage.endPath)", use: endpoints.account.endSession)
    }

    private static func refuseOtherMethods(_ router: Router<GatehouseContext>) {
        for path in [
            Path.token, Path.introspect, Path.revoke, Path.register, ConsentPage.path, LogoutEndpoint.confirmPath, "/sign-in/continue",
            SignInPage.forgetPath, BackchannelLogoutEndpoint.prefix + "/:provider",
            AccountPage.confirmPath, AccountPage.unlinkPath, AccountPage.endPath,
        ] {
            router.refuseOtherMethods("\(path)", than: .post)
        }
        for path in [
            Path.userInfo, Path.authorize, Path.logout, "/sign-in", "/sign-out", DoorSignInPage.signOutPath,
            FederationPage.callbackPrefix + "/:provider",
        ] {
            router.refuseOtherMethods("\(path)", than: .get, .post)
        }
        for path in [
            Path.keys, AuthorizeEndpoint.continuePath, "/", AccountPage.path, DoorSignInPage.signInPath, DoorSignInPage.callbackPath,
            "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
            CertificateAuthorityEndpoint.listPath, CertificateAuthorityEndpoint.certificatePath, FederationPage.startPrefix + "/:provider",
        ] {
            router.refuseOtherMethods("\(path)", than: .get)
        }
        for path in [APIKeysEndpoint.path, SignatureKeysEndpoint.path] {
            router.refuseOtherMethods("\(path)", than: .get, .post)
            router.refuseOtherMethods("\(path)/:key_id", than: .get, .delete)
            router.refuseOtherMethods("\(path)/:key_id/rotate", than: .post)
        }
        router.refuseOtherMethods("\(SignatureVerificationEndpoint.path)", than: .post)
        router.refuseOtherMethods("\(Path.register)/:client_id", than: .get, .put, .delete)
    }
}
