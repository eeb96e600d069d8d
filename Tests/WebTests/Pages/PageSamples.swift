import Web

/// Every page with plausible contents.
enum PageSamples {
    static let client = PageClient(
        name: "Courtyard", logoURI: nil, uri: "https://courtyard.example/", policyURI: "https://courtyard.example/privacy",
        tosURI: "https://courtyard.example/terms")

    static let all: [(file: String, template: String, model: PageModel)] =
        [
            ("sign-in", "SignIn/sign-in", signIn),
            ("sign-in-refused", "SignIn/sign-in", refused),
            ("sign-in-continue", "SignIn/sign-in", continuing),
            ("sign-out", "SignIn/sign-out", signOut),
            ("signed-out", "SignIn/signed-out", ["returnURI": "https://courtyard.example/", "client": client.model]),
            ("consent", "Consent/consent", consent),
            ("consent-unverified", "Consent/consent", unverified),
            ("form-post", "Authorize/form-post", formPost),
            ("error", "Error/error", error),
            ("home", "Home/home", ["issuer": "http://localhost:8080", "version": "0.1.0", "signInAction": "/sign-in"]),
            ("home-signed-in", "Home/home", home),
        ] + accounts

    static let hidden = PageModel.fields([("request", "0199b4d2-7c1e-7a55-9d0e-3a5b0f3f7a11")])

    static let signIn: PageModel = ["action": "/sign-in", "csrfToken": "token", "hidden": hidden, "username": "", "client": client.model]

    static let refused: PageModel = [
        "action": "/sign-in", "csrfToken": "token", "hidden": hidden, "username": "ada", "client": client.model,
        "error": "That username and password don’t go together. Try again.",
    ]

    static let continuing: PageModel = [
        "action": "/sign-in", "csrfToken": "token", "hidden": hidden, "client": client.model,
        "continueAs": ["name": "Ada Lovelace", "action": "/sign-in/continue"] as PageModel,
    ]

    static let signOut: PageModel = [
        "action": "/oauth2/logout", "csrfToken": "token", "hidden": hidden, "name": "Ada Lovelace", "client": client.model,
    ]

    static let consent: PageModel = [
        "action": "/consent", "csrfToken": "token", "hidden": hidden, "client": client.model, "remember": true,
        "redirectHost": "127.0.0.1:8081",
        "user": ["name": "Ada Lovelace", "email": "ada@example.com"] as PageModel,
        "scopes": [
            ["name": "openid", "title": "Know who you are", "description": "An identifier that stays the same at every sign-in."],
            ["name": "profile", "title": "See your profile", "description": "Name, picture, birthday, language and time zone."],
            ["name": "email", "title": "See your email address", "description": "The address, and whether it was confirmed."],
            ["name": "offline_access", "title": "Stay connected while you are away"],
        ] as [PageModel],
    ]

    static var unverified: PageModel {
        var model = consent
        model["client"] =
            PageClient(name: "An Application With a Rather Long Name That Registered Itself This Morning", isUnverified: true).model
        model["remember"] = false
        model["redirectHost"] = "a-very-long-host-name-that-does-not-fit.applications.example.com"
        return model
    }

    static let formPost: PageModel = [
        "action": "https://courtyard.example/callback", "client": client.model,
        "fields": PageModel.fields([("code", "abc"), ("state", "xyz"), ("iss", "http://localhost:8080")]),
    ]

    static let error: PageModel = [
        "title": "This sign-in link doesn’t work",
        "message": "The application sent a request that can’t be answered safely, so it stops here.",
        "hint": "Go back to the application and start again. If it keeps happening, tell its makers the details below.",
        "details": "The redirect_uri is not registered for this client.", "code": "invalid_request", "requestID": "9f2c71d04a1b8e33",
    ]

    static let home: PageModel = [
        "issuer": "http://localhost:8080", "version": "0.1.0", "user": ["name": "Ada Lovelace"] as PageModel,
        "accountAction": "/account", "signOutAction": "/oauth2/logout",
    ]
}
