import Audit

extension AuditEvent.Kind {
    package static let userCreated = Self("user.created")
    package static let userChanged = Self("user.changed")
    package static let userDisabled = Self("user.disabled")
    package static let userErased = Self("user.erased")
    package static let signInSucceeded = Self("sign_in.succeeded")
    package static let signInRefused = Self("sign_in.refused")
    package static let sessionEnded = Self("session.ended")
}
