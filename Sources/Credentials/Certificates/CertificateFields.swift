import COpenSSL
import FoundationEssentials
import Glibc
import OAuthProtocol

/// Reads what stands in a certificate: names, times, the public key.
enum CertificateFields {
    /// The contents of an ASN.1 string or integer.
    static func bytes(of string: UnsafePointer<ASN1_STRING>) -> [UInt8] {
        guard let data = ASN1_STRING_get0_data(string) else { return [] }
        return Array(UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(string))))
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// - Returns: nil for a time that is none.
    static func date(_ time: UnsafePointer<ASN1_TIME>?) -> Date? {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Date(timeIntervalSince1970: Double(timegm(&parts)))
    }

    // MARK: Names

    static func name(_ name: OpaquePointer) -> DistinguishedName {
        var names: [Set<DistinguishedName.Attribute>] = []
        var last: Int32 = -1
        for index in 0..<X509_NAME_entry_count(name) {
            guard let entry = X509_NAME_get_entry(name, index), let object = X509_NAME_ENTRY_get_object(entry),
                let data = X509_NAME_ENTRY_get_data(entry)
            else { continue }
            let attribute = attribute(type: oid(object), data)
            let set = X509_NAME_ENTRY_set(entry)
            if set == last, !names.isEmpty {
                names[names.count - 1].insert(attribute)
            } else {
                names.append([attribute])
            }
            last = set
        }
        return DistinguishedName(relativeNames: names)
    }

    private static func attribute(type: String, _ data: UnsafeMutablePointer<ASN1_STRING>) -> DistinguishedName.Attribute {
        var out: UnsafeMutablePointer<UInt8>?
        let count = Int(ASN1_STRING_to_UTF8(&out, data))
        guard count >= 0, let out else {
            ERR_clear_error()
            return .init(type: type, other: [UInt8(truncatingIfNeeded: ASN1_STRING_type(data))] + bytes(of: data))
        }
        defer { CRYPTO_free(out, #fileID, #line) }
        let bytes = Array(UnsafeBufferPointer(start: out, count: count))
        guard let text = String(validating: bytes, as: UTF8.self) else { return .init(type: type, other: bytes) }
        return .init(type: type, text: text)
    }

    private static func oid(_ object: OpaquePointer) -> String {
        var buffer = [CChar](repeating: 0, count: 160)
        let count = Int(OBJ_obj2txt(&buffer, Int32(buffer.count), object, 1))
        guard (1..<buffer.count).contains(count) else { return "" }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// RFC 5280 §4.2.1.6. Names that aren't ASCII where they must be are left out: they equal nothing that is registered.
    static func alternativeNames(of certificate: OpaquePointer) -> [CertificateName] {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<OPENSSL_sk_num(names)).compactMap { index in
            guard let item = OPENSSL_sk_value(names, index) else { return nil }
            let name = item.assumingMemoryBound(to: GENERAL_NAME.self)
            var kind: Int32 = -1
            guard let value = GENERAL_NAME_get0_value(name, &kind) else { return nil }
            switch kind {
            case GEN_DNS: return ascii(value).map(CertificateName.dns)
            case GEN_URI: return ascii(value).map(CertificateName.uri)
            case GEN_EMAIL: return ascii(value).map(CertificateName.email)
            case GEN_IPADD: return .address(bytes(of: value.assumingMemoryBound(to: ASN1_STRING.self)))
            default: return nil
            }
        }
    }

    private static func ascii(_ value: UnsafeMutableRawPointer) -> String? {
        let bytes = bytes(of: value.assumingMemoryBound(to: ASN1_STRING.self))
        return !bytes.isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) } ? String(decoding: bytes, as: UTF8.self) : nil
    }

    // MARK: Keys

    /// - Returns: nil for keys of kinds that we register none of.
    static func publicKey(of certificate: OpaquePointer) -> JWK.Material? {
        guard let key = X509_get0_pubkey(certificate) else { return nil }
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            guard let modulus = number("n", of: key), let exponent = number("e", of: key) else { return nil }
            return .rsa(modulus: modulus, exponent: exponent)
        }
        var group = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_is_a(key, "EC") == 1, EVP_PKEY_get_utf8_string_param(key, "group", &group, group.count, nil) == 1,
            group.prefix(while: { $0 != 0 }).map({ UInt8(bitPattern: $0) }) == Array("prime256v1".utf8)
        else { return nil }
        var point = [UInt8](repeating: 0, count: 65)
        var count = 0
        guard EVP_PKEY_get_octet_string_param(key, "pub", &point, point.count, &count) == 1, count == 65, point[0] == 4 else { return nil }
        return .p256(x: Array(point[1..<33]), y: Array(point[33...]))
    }

    private static func number(_ name: String, of key: OpaquePointer) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { return nil }
        defer { BN_free(number) }
        return [UInt8](unsafeUninitializedCapacity: Int(BN_num_bits(number) + 7) / 8) { buffer, count in
            count = Int(BN_bn2bin(number, buffer.baseAddress))
        }
    }
}
