# § setup
# The standard library alone; with Flask, Django or FastAPI the calls are the same.
import base64, hashlib, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from login import current_user, start_session  # yours

APP = "https://passkeys.example.com/v1/apps/my-app"
ISSUER, AUDIENCE = "https://login.example.com", "keyway"  # JWT_ISSUER and JWT_AUDIENCE of Keyway
API_KEY, SECRET, ORIGIN = (os.environ[name] for name in ("APP_API_KEY", "JWT_SECRET", "ORIGIN"))


def keyway(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
    with urlopen(Request(APP + path, data, headers, method=method), timeout=10) as answer:
        return json.loads(answer.read() or b"{}")


# § token
def token_for(user):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user["id"],
        "preferred_username": user["name"],
        "auth_time": user["signed_in_at"],
        "exp": int(time.time()) + 300,
    }
    signed = ".".join(part(json.dumps(it).encode()) for it in ({"alg": "HS256", "typ": "JWT"}, claims))
    return signed + "." + part(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))


# § sign-in
def sign_in(nonce):
    try:
        proof = keyway("POST", "/authenticate/verify", {"nonce": nonce})
    except HTTPError:
        return None
    if proof["kind"] != "authenticate" or proof["issuer"] != ISSUER:
        return None
    return start_session(proof["subject"], proof["external_id"])


# § list
def list_passkeys(user):
    return keyway("GET", f"/external-users/{quote(user['external_id'], safe='')}/devices")["devices"]


# § revoke
def revoke_passkey(user, passkey_id):
    user_path = f"/external-users/{quote(user['external_id'], safe='')}"
    keyway("DELETE", f"{user_path}/devices/{quote(passkey_id, safe='')}")


# § start
class Application(BaseHTTPRequestHandler):
    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        user = current_user(self.headers["cookie"])
        if user is None:
            return self.answer(401)
        if self.path == "/token":
            return self.answer(200, token_for(user).encode(), content_type="text/plain")
        if self.path == "/passkeys" and user["external_id"]:
            return self.answer(200, json.dumps(list_passkeys(user)).encode(), content_type="application/json")
        self.answer(404)

    def do_POST(self):
        body = json.loads(self.rfile.read(min(int(self.headers["content-length"] or 0), 4096)) or b"{}")
        if self.headers["origin"] != ORIGIN:  # what changes something comes from your own pages
            return self.answer(403)
        if self.path == "/sign-in/passkey":
            cookie = sign_in(str(body.get("nonce")))
            return self.answer(204, set_cookie=cookie) if cookie else self.answer(401)
        user = current_user(self.headers["cookie"])
        if self.path == "/passkeys/revoke" and user and user["external_id"]:
            revoke_passkey(user, str(body.get("id")))
            return self.answer(204)
        self.answer(401)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Application).serve_forever()
