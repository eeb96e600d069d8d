/// The passwords that are guessed first. A short list of our own making: the roots that people choose, the digits and marks they put
/// behind them, and the shapes that need no list. All have eight characters or more; shorter ones are refused for their length.
enum CommonPasswords {
    /// - Parameter password: in lower case.
    static func contains(_ password: String) -> Bool {
        let plain = undisguised(password)
        if whole.contains(password) || whole.contains(plain) { return true }
        if isRepetition(password) || isRun(password) { return true }
        let root = plain.reversed().drop { !$0.isLetter }.reversed()
        let ending = plain.count - root.count
        return ending <= 4 && roots.contains(String(root))
    }

    /// Common without anything added, when they aren't made of a root and an ending.
    private static let whole: Set<String> = [
        "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "1qaz2wsx3edc", "q1w2e3r4", "q1w2e3r4t5", "zaq12wsx", "zaq1zaq1", "qazwsxedc",
        "123qweasd", "123qweasdzxc", "qwe123qwe", "asd123asd", "abc123abc", "a1b2c3d4", "a1s2d3f4", "1a2b3c4d", "12341234",
        "12344321", "11223344", "112233445566", "11112222", "12121212", "13131313", "69696969", "147258369", "159357258",
        "741852963", "789456123", "123654789", "123321123", "12345qwert", "1234qwer", "123456abc", "12345678a", "123456789a",
        "a12345678", "a123456789", "abcd1234", "abc12345", "asdf1234", "zxcv1234", "qwer1234", "qwerasdf", "qweasdzxc", "asdfzxcv",
        "correct horse battery staple", "correcthorsebatterystaple", "correct-horse-battery-staple",
        "01012000", "01011990", "01011980", "31121999",
    ]

    /// Common alone and with up to four digits or marks behind them.
    private static let roots: Set<String> = [
        "password", "passwort", "passw", "passwd", "passphrase", "motdepasse", "contrasena", "wachtwoord", "senha", "haslo", "parola",
        "qwerty", "qwertz", "azerty", "qwertyui", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfgh", "asdfghjk", "asdfghjkl",
        "zxcvbn", "zxcvbnm", "yxcvbnm", "letmein", "welcome", "willkommen", "bienvenue", "iloveyou", "ichliebedich", "jetaime", "tequiero",
        "admin", "administrator", "adminadmin", "root", "rootroot", "toor", "superuser", "sysadmin", "system", "manager", "operator",
        "default", "guest", "user", "username", "login", "loginlogin", "master", "secret", "secrets", "topsecret", "private",
        "changeme", "changeit", "change", "changemenow", "temp", "temppass", "temporary", "test", "testtest", "testing", "tester",
        "demo", "example", "sample", "hello", "hellohello", "helloworld", "hallo", "hallohallo", "goodbye", "whatever", "nothing",
        "trustno", "access", "mypass", "mypassword", "yourpassword", "newpassword", "oldpassword", "nopassword", "thepassword",
        "passpass", "passwordpassword", "letmeinnow", "openup", "opensesame", "abracadabra", "internet", "computer", "server",
        "database", "postgres", "postgresql", "oracle", "linux", "windows", "ubuntu", "debian", "microsoft", "google", "facebook",
        "samsung", "android", "iphone", "apple", "gatehouse", "dragon", "monkey", "shadow", "sunshine", "princess", "prinzessin",
        "football", "fussball", "baseball", "basketball", "hockey", "soccer", "liverpool", "arsenal", "chelsea", "barcelona",
        "juventus", "superman", "batman", "spiderman", "starwars", "pokemon", "naruto", "minecraft", "jesus", "jesuschrist",
        "blessed", "angel", "lovely", "lovers", "mylove", "forever", "friends", "family", "mother", "father", "charlie", "michael",
        "jennifer", "jessica", "michelle", "nicole", "daniel", "andrea", "alexander", "thomas", "jordan", "hunter", "ranger", "killer",
        "flower", "butterfly", "chocolate", "cookie", "pepper", "ginger", "summer", "winter", "spring", "autumn", "sommer", "january",
        "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "monday",
        "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "abcdef", "abcdefg", "abcdefgh", "mustang", "ferrari",
        "porsche", "mercedes", "corvette", "harley", "yamaha", "maverick", "phoenix", "matrix", "freedom", "liberty", "america",
        "london", "berlin", "company", "office", "business", "school", "student", "teacher",
    ]

    /// Undoes the usual disguises of letters inside a word; digits at the end stay, as they are its ending.
    private static func undisguised(_ password: String) -> String {
        let ending = password.reversed().prefix { !$0.isLetter }.count
        let word = password.dropLast(ending).map { character -> Character in
            switch character {
            case "0": "o"
            case "1", "!": "i"
            case "3": "e"
            case "4", "@": "a"
            case "5", "$": "s"
            case "7": "t"
            default: character
            }
        }
        return String(word) + password.suffix(ending)
    }

    /// One character, or one short piece, over and over: "aaaaaaaa", "xyxyxyxy", "abcabcabc".
    private static func isRepetition(_ password: String) -> Bool {
        let bytes = Array(password.utf8)
        return (1...4).contains { period in
            bytes.count >= 2 * period && bytes.indices.dropFirst(period).allSatisfy { bytes[$0] == bytes[$0 - period] }
        }
    }

    /// Characters in the order of the alphabet, of the digits or of a keyboard's row, either way.
    private static func isRun(_ password: String) -> Bool {
        let rows = [
            "abcdefghijklmnopqrstuvwxyz", "01234567890", "1234567890-=", "qwertyuiop[]", "qwertzuiopü+", "azertyuiop", "asdfghjkl;'",
            "zxcvbnm,./",
        ]
        return rows.contains { $0.contains(password) || String($0.reversed()).contains(password) }
    }
}
