/// One hash to compute.
struct PasswordDerivation: Sendable {
    let password: PasswordBytes
    let salt: [UInt8]
    let cost: PasswordCost
    let digestByteCount: Int
}
