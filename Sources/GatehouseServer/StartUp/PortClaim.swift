import Foundation
import NIOCore
import ServiceLifecycle

/// A service that listens on a port. When somebody else listens there, it ends with words for the operator.
package struct PortClaim: Service {
    private let address: String
    private let port: Int
    private let listener: any Service

    package init(address: String, port: Int, listener: any Service) {
        self.address = address
        self.port = port
        self.listener = listener
    }

    /// - Throws: `DeploymentError` when the port can't be had; else what the listener throws.
    package func run() async throws {
        do {
            try await listener.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw DeploymentError("port \(port) on \(address) is in use: another server listens there, perhaps this one started earlier")
        } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EADDRNOTAVAIL {
            throw DeploymentError("can not listen on port \(port) of \(address): \(String(cString: strerror(error.errnoCode)))")
        }
    }
}
