import ArgumentParser
import CArgon2
import CLibpq
import COpenSSL

@main
struct Gatehouse: ParsableCommand {}
