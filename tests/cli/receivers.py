"""Servers that nobody here wrote, for the tests of channels: aiosmtpd, and the library of Standard Webhooks.

Prints `{"port": ...}`, then one line of JSON for each message. Ends when standard input is closed.
"""

import asyncio
import http.server
import json
import socket
import ssl
import sys
import threading
from email import message_from_bytes, policy


def told(**what):
    print(json.dumps(what), flush=True)


def mail(mode, ca, password, refusals, pause):
    """SMTP with AUTH, by `starttls` or `tls`. Refuses the first messages after DATA; pauses before it answers."""
    import trustme
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    left = [int(refusals)]

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            await asyncio.sleep(float(pause))
            left[0] -= 1
            message = message_from_bytes(envelope.content, policy=policy.default)
            part = lambda kind: message.get_body((kind,)).get_content()
            told(
                accepted=left[0] < 0,
                user=session.auth_data and session.auth_data.login.decode(),
                encrypted=mode == "tls" or session.ssl is not None,
                to=envelope.rcpt_tos,
                headers={name: str(message[name]) for name in message.keys()},
                text=part("plain"),
                html=part("html"),
            )
            return "250 OK" if left[0] < 0 else "554 5.7.1 Not today"

    def authenticate(server, session, envelope, mechanism, data):
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"signoff", password.encode())
        return AuthResult(success=True, auth_data=data) if known else AuthResult(success=False, handled=False)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tls = {"ssl_context": context} if mode == "tls" else {"tls_context": context, "require_starttls": True}
    controller = Controller(
        Handler(),
        hostname="localhost",
        port=port,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=mode != "tls",
        **tls,
    )
    controller.start()
    told(port=port)


def webhook(secret, fails):
    """A receiver that checks each delivery, and answers every `fails`-th with an error."""
    from standardwebhooks.webhooks import Webhook

    count = [0]

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            count[0] += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                event = Webhook(secret).verify(body, dict(self.headers.items()))
            except Exception as error:
                told(refused=str(error))
                raise
            accepted = int(fails) == 0 or count[0] % int(fails) != 0
            told(accepted=accepted, id=self.headers["webhook-id"], event=event)
            self.send_response(204 if accepted else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told(port=server.server_address[1])


{"mail": mail, "webhook": webhook}[sys.argv[1]](*sys.argv[2:])
sys.stdin.read()
