import FoundationEssentials
import OAuthProtocol
import Postgres

/// What stands beside a dump: enough to tell whether it can be restored, and nothing secret.
package struct BackupManifest: Sendable, Equatable {
    /// One master key that stored values need.
    package struct MasterKey: Sendable, Equatable {
        package let id: String
        /// Tells another key of the same id apart; nil where the key was lost before the backup was made.
        package let fingerprint: String?
        package let valueCount: Int
    }

    static let format = 1
    private static let bytesMax = 1 << 20

    package let program: String
    package let issuer: String
    package let madeAt: Date
    package let dumpBytes: Int
    /// In hex.
    package let dumpSHA256: String
    package let migrations: [AppliedMigration]
    package let masterKeys: [MasterKey]

    var bytes: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("format", Self.format)
            json.field("program", program)
            json.field("issuer", issuer)
            json.field("made_at", madeAt.numericDate)
            json.object("dump") { dump in
                dump.field("bytes", dumpBytes)
                dump.field("sha256", dumpSHA256)
            }
            json.array("migrations") { list in
                for migration in migrations {
                    list.object { entry in
                        entry.field("number", migration.number)
                        entry.field("checksum", migration.checksum)
                    }
                }
            }
            json.array("master_keys") { list in
                for key in masterKeys {
                    list.object { entry in
                        entry.field("id", key.id)
                        entry.field("fingerprint", ifPresent: key.fingerprint)
                        entry.field("values", key.valueCount)
                    }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

extension BackupManifest {
    /// - Throws: `DeploymentError`.
    init(parsing bytes: [UInt8]) throws {
        guard let json = try? JSONValue(parsing: bytes, bytesMax: Self.bytesMax), let format = json["format"]?.int else {
            throw DeploymentError("the manifest is no manifest of a backup")
        }
        guard format == Self.format else {
            throw DeploymentError(
                "the backup has format \(format), and this program reads \(Self.format): restore it with the program that made it")
        }
        guard let program = json["program"]?.string, let issuer = json["issuer"]?.string, let madeAt = json["made_at"]?.int,
            let dumpBytes = json["dump"]?["bytes"]?.int, let dumpSHA256 = json["dump"]?["sha256"]?.string,
            let migrations = json["migrations"]?.array, let masterKeys = json["master_keys"]?.array
        else { throw DeploymentError("the manifest is incomplete") }
        self.init(
            program: program, issuer: issuer, madeAt: Date(timeIntervalSince1970: Double(madeAt)), dumpBytes: dumpBytes,
            dumpSHA256: dumpSHA256, migrations: try migrations.map(Self.migration), masterKeys: try masterKeys.map(Self.masterKey))
    }

    private static func migration(_ json: JSONValue) throws -> AppliedMigration {
        guard let number = json["number"]?.int, let checksum = json["checksum"]?.string else {
            throw DeploymentError("the manifest names a migration incompletely")
        }
        return AppliedMigration(number: number, checksum: checksum)
    }

    private static func masterKey(_ json: JSONValue) throws -> MasterKey {
        guard let id = json["id"]?.string, let count = json["values"]?.int else {
            throw DeploymentError("the manifest names a master key incompletely")
        }
        return MasterKey(id: id, fingerprint: json["fingerprint"]?.string, valueCount: count)
    }
}
