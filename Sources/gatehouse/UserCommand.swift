import Accounts
import ArgumentParser
import Audit
import Foundation
import GatehouseServer
import Keys
import OAuth
import Postgres
import Runtime

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Create, list and disable users.", subcommands: [Create.self, List.self, Disable.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a user.", discussion: "The password is read from standard input: one line, not echoed on a terminal.")

        @OptionGroup var options: SettingsOptions

        @Argument(help: "The user name: without @.")
        var username: String

        @Option(help: "An e-mail address to sign in with, too.")
        var email: String?

        @Option(help: "The full name.")
        var name: String?

        @Option(help: "A role; may be repeated.")
        var role: [String] = []

        func run() async throws {
            let password = try PasswordPrompt.read("Password for \(username): ")
            do {
                try PasswordPolicy().check(password, username: username, emailAddress: email)
            } catch {
                throw fail(error.message)
            }
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                let now = wiring.parts.clock.now
                var user = User(id: wiring.parts.randomness.uuid(at: now), username: username, now: now)
                user.email = email
                user.claims["name"] = name.map { .string($0) }
                user.roles = role
                user.passwordHash = try await wiring.hasher.hash(password)
                let created = user
                do {
                    try await wiring.database.transaction { transaction in
                        try await UserStore(transaction).insert(created)
                        try await wiring.audit.insert(
                            AuditEvent(.userCreated, userID: created.id, detail: ["by": "command"]), now: now, in: transaction)
                    }
                } catch let error as PostgresError where error.violatesUnique() {
                    throw fail("a user with this name or e-mail address exists already")
                } catch let error as PostgresError where error.sqlState == "23514" {
                    throw fail("the user name must not be empty or contain @, and the e-mail address must contain it")
                }
                print(created.id.token)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List users by name: id, name, e-mail address, roles, state.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await options.withDeployment(changesNothing: true) { deployment in
                var last = ""
                while true {
                    let page = try await UserStore(deployment.database).list(after: last)
                    for user in page {
                        let state = user.disabledAt == nil ? "active" : "disabled"
                        print("\(user.id.token)  \(user.username)  \(user.email ?? "-")  [\(user.roles.joined(separator: " "))]  \(state)")
                    }
                    guard let next = page.last?.username else { return }
                    last = next
                }
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a user: sign-in, sessions, refresh and access tokens end at once, on every node.")

        @OptionGroup var options: SettingsOptions

        @Argument(help: "The user name or e-mail address.")
        var login: String

        func run() async throws {
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                let now = wiring.parts.clock.now
                guard let user = try await UserStore(wiring.database).find(login: login) else { throw fail("no user \(login)") }
                try await wiring.database.transaction { transaction in
                    try await UserStore(transaction).disable(user.id, now: now, accessUntil: now + OAuthSettings.accessTokenLifetimeMax)
                    try await wiring.audit.insert(
                        AuditEvent(.userDisabled, userID: user.id, detail: ["by": "command"]), now: now, in: transaction)
                }
                print("disabled \(user.username)")
            }
        }
    }
}
