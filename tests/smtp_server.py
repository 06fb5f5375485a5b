"""A mail server on loopback that takes every mail, for tests that send some."""

from __future__ import annotations

import socketserver
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import Queue


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: Queue[EmailMessage] = Queue()
        self.commands: list[str] = []
        self.answers: dict[str, str] = {}  # in place of the usual ones, by command

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 ready")
        for line in self.rfile:
            if not line.isascii() or not line.strip():
                return None  # somebody who speaks TLS
            command = line.decode().strip()
            self.server.commands.append(command)
            match command.split()[0].upper():
                case verb if verb in self.server.answers:
                    self._say(self.server.answers[verb])
                case "EHLO":
                    self.wfile.write(b"250-mail\r\n250 AUTH PLAIN\r\n")
                case "AUTH":
                    self._say("235 welcome")
                case "DATA":
                    self._say("354 go on")
                    self._take_mail()
                case "QUIT":
                    return self._say("221 bye")
                case _:
                    self._say("250 ok")
        return None

    def _take_mail(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return  # cut off: it is no mail
            lines.append(line.removeprefix(b"."))
        self._say("250 taken")
        self.server.mails.put(message_from_bytes(b"".join(lines), policy=policy.default))

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
