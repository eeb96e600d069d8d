import Audit

extension AuditEvent {
    /// What was done to a credential, and by whom.
    init(_ kind: Kind, of credential: Credential, by actor: String, address: String?) {
        self.init(kind, address: address, detail: ["key_id": credential.id, "by": actor])
        switch credential.terms.owner {
        case .user(let id): userID = id
        case .client(let id): clientID = id
        }
    }
}

extension AuditEvent.Kind {
    package static let signatureKeyIssued = Self("signature_key.issued")
    package static let signatureKeyRotated = Self("signature_key.rotated")
    package static let signatureKeyRevoked = Self("signature_key.revoked")
    package static let signatureChecked = Self("signature.checked")
    package static let signatureRefused = Self("signature.refused")
}
