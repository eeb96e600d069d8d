import Credentials
import Web

/// The certificate files that settings name, opened and judged as the server does at its start.
package enum SettingsFiles {
    /// - Parameter workingDirectory: what paths of `certificates` are relative to.
    /// - Returns: what is wrong with them, in words for the operator; empty where all is well.
    package static func problems(_ settings: GatehouseSettings, workingDirectory: String) -> [String] {
        var problems: [String] = []
        let listen = settings.listen
        var listeners: [(String, TLSFiles)] = []
        if let files = listen.tls { listeners.append(("listen.tls", files)) }
        if listen.mutualTLS.port != nil, let files = listen.mutualTLS.files, files != listen.tls {
            listeners.append(("listen.mutual_tls", files))
        }
        for (name, files) in listeners {
            do { _ = try TLSCertificate(files) } catch { problems.append("\(name): \(error)") }
        }
        // One by one, so that each that is wrong is named.
        for path in settings.certificates.authorities {
            var files = CertificateDirectory.Files()
            files.authorities = [Deployment.absolute(path, workingDirectory)]
            do { try CertificateDirectory.check(files) } catch { problems.append("certificates.authorities: \(error)") }
        }
        for path in settings.certificates.revocationLists {
            var files = CertificateDirectory.Files()
            files.revocationLists = [Deployment.absolute(path, workingDirectory)]
            do { try CertificateDirectory.check(files) } catch { problems.append("certificates.revocation_lists: \(error)") }
        }
        return problems
    }
}
