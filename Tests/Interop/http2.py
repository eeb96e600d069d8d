"""HTTP/2 by hand (RFC 9113), since clients that we didn't write keep the limits that they are told."""

import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
FRAME_BYTES_MAX = 16_384


def integer(value, bits):
    """RFC 7541 §5.1, with zeros before the prefix."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([value])
    parts, value = [limit], value - limit
    while value >= 128:
        parts.append(value % 128 + 128)
        value //= 128
    return bytes(parts + [value])


def literal(name, value):
    """RFC 7541 §6.2.2: a field that nobody remembers, as plain text."""
    return b"\x00" + b"".join(integer(len(text), 7) + text for text in (name.encode(), value.encode()))


# Appendices A and B of RFC 7541, as far as `:status` needs them.
STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
DIGITS = {"00000": "0", "00001": "1", "00010": "2"} | {format(0b011001 + number, "06b"): str(3 + number) for number in range(7)}


def status(block):
    """`:status`, which is the first field of an answer."""
    while block[0] & 0xE0 == 0x20:
        block = block[1:]
    if block[0] & 0x80:
        return STATUSES[block[0] & 0x7F]
    length, text = block[1] & 0x7F, block[2:]
    if not block[1] & 0x80:
        return int(text[:length])
    bits, digits = "".join(format(byte, "08b") for byte in text[:length]), ""
    while len(digits) < 3:
        code = next(code for code in DIGITS if bits.startswith(code))
        bits, digits = bits[len(code) :], digits + DIGITS[code]
    return int(digits)


class Connection:
    """One connection of which several streams may be under way."""

    def __init__(self, port, context):
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(("localhost", port), timeout=60), server_hostname="localhost")
        assert self.socket.selected_alpn_protocol() == "h2"
        self.authority = f"localhost:{port}"
        self.stream = -1
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        # SETTINGS_HEADER_TABLE_SIZE: the server is to remember no fields.
        self.frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frame(self, kind, flags, stream, payload=b""):
        self.socket.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)

    def read(self):
        """The next frame; None where the connection has ended."""
        head = self.bytes(9)
        if head is None:
            return None
        length, kind, flags, stream = int.from_bytes(head[:3]), head[3], head[4], int.from_bytes(head[5:])
        payload = self.bytes(length)
        if kind == SETTINGS and not flags & ACK:
            self.frame(SETTINGS, ACK, 0)
        return kind, flags, stream, payload

    def bytes(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                return None
            data += part
        return data

    def settle(self):
        """Until both sides have acknowledged whatever settings there are: what is asked for then is judged by them."""
        self.frame(6, 0, 0, b"settled?")
        while True:
            kind, _, _, payload = self.read()
            if (kind, payload) == (6, b"settled?"):
                return self

    def ask(self, path, fields=(), ends=True):
        """Begins a request; its stream."""
        self.stream += 2
        pseudo = {":method": "GET" if ends else "POST", ":scheme": "https", ":authority": self.authority, ":path": path}
        block = b"".join(literal(name, value) for name, value in [*pseudo.items(), *fields])
        parts = [block[start : start + FRAME_BYTES_MAX] for start in range(0, len(block), FRAME_BYTES_MAX)]
        for number, part in enumerate(parts):
            flags = (END_HEADERS if number == len(parts) - 1 else 0) | (END_STREAM if ends and number == 0 else 0)
            self.frame(CONTINUATION if number else HEADERS, flags, self.stream, part)
        return self.stream

    def finish(self, stream, body):
        self.frame(DATA, END_STREAM, stream, body)

    def answers(self, streams):
        """What each of the streams was answered: a status, or how it or the connection ended."""
        open_streams, answers = set(streams), {}
        while open_streams:
            frame = self.read()
            if frame is None:
                return answers | {stream: "closed" for stream in open_streams}
            kind, flags, stream, payload = frame
            if kind == GOAWAY and int.from_bytes(payload[4:8]):
                return answers | {stream: f"goaway {int.from_bytes(payload[4:8])}" for stream in open_streams}
            if kind == HEADERS:
                answers.setdefault(stream, status(payload))
            if kind == RST_STREAM:
                answers.setdefault(stream, f"reset {int.from_bytes(payload)}")
            if kind == RST_STREAM or flags & END_STREAM and kind in (HEADERS, DATA):
                open_streams.discard(stream)
        return answers
