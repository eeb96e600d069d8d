import Web

/// The pages that show providers of others.
extension PageSamples {
    static let accounts: [(file: String, template: String, model: PageModel)] = [
        ("sign-in-providers", "SignIn/sign-in", providers(few)),
        ("sign-in-many-providers", "SignIn/sign-in", manyProviders),
        ("sign-in-link", "SignIn/sign-in", linking),
        (
            "sign-in-provider", "SignIn/provider",
            ["provider": "Courtyard Staff", "href": "/sign-in/with/staff?flow=x", "client": client.model]
        ),
        ("account", "Console/account", account),
        ("account-confirm", "Console/account", confirm),
        ("account-only-way", "Console/account", onlyWay),
    ]

    static let few = [("google", "Google", "google"), ("github", "GitHub", "github"), ("staff", "Courtyard Staff", "building")]

    static let many =
        ["google", "github", "apple", "microsoft", "gitlab", "discord", "facebook", "linkedin"].map { ($0, $0.capitalized, $0) } + [
            ("keycloak", "A Provider With a Long Name", "key"), ("staff", "Courtyard Staff", "building"),
        ]

    static func buttons(_ choices: [(id: String, name: String, icon: String)]) -> [PageModel] {
        choices.map { ["id": $0.id, "name": $0.name, "icon-\($0.icon)": true, "href": "/sign-in/with/\($0.id)"] }
    }

    static func providers(_ choices: [(id: String, name: String, icon: String)]) -> PageModel {
        var model = signIn
        model["providers"] = buttons(choices)
        return model
    }

    static func notice(_ code: String) -> PageModel {
        var model = providers(few)
        model["notice"] = ["code": code, code: true, "provider": "Google"] as PageModel
        return model
    }

    static var manyProviders: PageModel {
        var model = providers(many)
        model["asksForDomain"] = true
        model["notice"] = ["code": "provider_unavailable", "provider_unavailable": true, "provider": "Google"] as PageModel
        return model
    }

    static var linking: PageModel {
        var model = providers(few)
        model["username"] = "ada@example.com"
        model["linking"] =
            ["provider": "Google", "label": "ada@example.com", "username": "ada", "cancelAction": "/sign-in/cancel-link"] as PageModel
        return model
    }

    static let account: PageModel = [
        "csrfToken": "token", "user": ["name": "Ada Lovelace", "username": "ada", "email": "ada@example.com", "initial": "A"] as PageModel,
        "password": true, "unlinkAction": "/account/unlink", "endAction": "/account/sessions/end",
        "endOthersAction": "/account/sessions/end",
        "signOutAction": "/sign-out", "notice": ["kind": "success", "text": "Google was added."] as PageModel,
        "identities": [
            [
                "id": "0199b4d2-7c1e-7a55-9d0e-3a5b0f3f7a11", "provider": "Google", "icon-google": true, "label": "ada@example.com",
                "used": "Last used 22 Nov 2026", "canUnlink": true,
            ]
        ] as [PageModel],
        "links": buttons([("github", "GitHub", "github"), ("staff", "Courtyard Staff", "building")]),
        "sessions": [
            [
                "id": "0199b4d2-7c1e-7a55-9d0e-3a5b0f3f7a12", "device": "Firefox on Linux", "seen": "Signed in 22 Nov 2026, 03:45 UTC",
                "address": "203.0.113.7", "isCurrent": true,
            ],
            [
                "id": "0199b4d2-7c1e-7a55-9d0e-3a5b0f3f7a13", "device": "Safari on iPhone", "seen": "Last used 21 Nov 2026, 18:02 UTC",
                "address": "2001:db8::17", "isCurrent": false,
            ],
        ] as [PageModel],
    ]

    static var confirm: PageModel {
        var model = account
        model["links"] = nil
        model["confirmAction"] = "/account/confirm"
        return model
    }

    static var onlyWay: PageModel {
        var model = account
        model["password"] = false
        model["onlyWay"] = true
        return model
    }
}
