// § setup
// Associated domain "webcredentials:example.com"; Keyway serves the file for it: keyway app update my-app --apple-app-ids …
import AuthenticationServices

let keyway = URL(string: "https://passkeys.example.com")!
let flex = URL(string: "https://passkeys.example.com/v1/apps/my-app")!

func send(_ url: URL, _ method: String = "POST", token: String? = nil, body: [String: Any] = [:]) async throws -> [String: Any] {
  var request = URLRequest(url: url)
  request.httpMethod = method
  if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
  if method == "POST" {
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = try JSONSerialization.data(withJSONObject: body)
  }
  let (data, response) = try await URLSession.shared.data(for: request)
  guard let status = (response as? HTTPURLResponse)?.statusCode, 200..<300 ~= status else {
    throw URLError(.badServerResponse)
  }
  return try JSONSerialization.jsonObject(with: data.isEmpty ? Data("{}".utf8) : data) as? [String: Any] ?? [:]
}

// § add
func addPasskey(token: String, window: ASPresentationAnchor) async throws {
  let begun = try await send(keyway.appending(path: "passkey/register"), token: token)
  let transactionId = begun["transactionId"] as! String
  let started = try await send(
    flex.appending(path: "register/transactions/webauthn/start"), body: ["transaction_id": transactionId])
  let handshake = started["handshake"] as! [String: Any]
  let options = publicKey(of: handshake)
  let user = options["user"] as! [String: Any]
  let provider = ASAuthorizationPlatformPublicKeyCredentialProvider(
    relyingPartyIdentifier: (options["rp"] as! [String: Any])["id"] as! String)
  let request = provider.createCredentialRegistrationRequest(
    challenge: Data(base64URL: options["challenge"] as! String),
    name: user["name"] as! String,
    userID: Data(base64URL: user["id"] as! String))
  let made = try await authorize(request, window) as! ASAuthorizationPlatformPublicKeyCredentialRegistration
  let finished = try await send(
    flex.appending(path: "register/transactions/webauthn/finish"),
    body: [
      "transaction_id": transactionId,
      "handshake_id": handshake["id"] as! String,
      "handshake_response": [
        "id": made.credentialID.base64URL, "rawId": made.credentialID.base64URL, "type": "public-key",
        "clientExtensionResults": [:],
        "response": [
          "clientDataJSON": made.rawClientDataJSON.base64URL,
          "attestationObject": made.rawAttestationObject!.base64URL,
          "transports": ["internal", "hybrid"],
        ],
      ],
    ])
  _ = try await send(
    keyway.appending(path: "passkey/verify"), token: token, body: ["nonce": finished["nonce"] as! String])
}

// § sign-in
func signIn(window: ASPresentationAnchor) async throws -> String {
  let started = try await send(flex.appending(path: "authenticate/transactions/webauthn/start"))
  let handshake = started["handshake"] as! [String: Any]
  let options = publicKey(of: handshake)
  let request = ASAuthorizationPlatformPublicKeyCredentialProvider(
    relyingPartyIdentifier: options["rpId"] as! String
  ).createCredentialAssertionRequest(challenge: Data(base64URL: options["challenge"] as! String))
  let shown = try await authorize(request, window) as! ASAuthorizationPlatformPublicKeyCredentialAssertion
  let finished = try await send(
    flex.appending(path: "authenticate/transactions/webauthn/finish"),
    body: [
      "handshake_id": handshake["id"] as! String,
      "handshake_response": [
        "id": shown.credentialID.base64URL, "rawId": shown.credentialID.base64URL, "type": "public-key",
        "clientExtensionResults": [:],
        "response": [
          "clientDataJSON": shown.rawClientDataJSON.base64URL,
          "authenticatorData": shown.rawAuthenticatorData.base64URL,
          "signature": shown.signature.base64URL,
          "userHandle": shown.userID.base64URL,
        ],
      ],
    ])
  return finished["nonce"] as! String  // for your server's /sign-in/passkey
}

// § list
func listPasskeys(token: String) async throws -> [[String: Any]] {
  try await send(keyway.appending(path: "user/devices"), "GET", token: token)["passkeys"] as! [[String: Any]]
}

// § revoke
func revokePasskey(_ id: String, token: String) async throws {
  _ = try await send(keyway.appending(path: "user/devices/\(id)"), "DELETE", token: token)
}

// § help
func publicKey(of handshake: [String: Any]) -> [String: Any] {
  (handshake["challenge"] as! [String: Any])["publicKey"] as! [String: Any]
}

@MainActor
func authorize(_ request: ASAuthorizationRequest, _ window: ASPresentationAnchor) async throws -> ASAuthorizationCredential {
  let prompt = PasskeyPrompt(window)
  return try await prompt.run(ASAuthorizationController(authorizationRequests: [request]))
}

final class PasskeyPrompt: NSObject, ASAuthorizationControllerDelegate, ASAuthorizationControllerPresentationContextProviding {
  private let window: ASPresentationAnchor
  private var done: CheckedContinuation<ASAuthorizationCredential, Error>?

  init(_ window: ASPresentationAnchor) { self.window = window }

  func run(_ controller: ASAuthorizationController) async throws -> ASAuthorizationCredential {
    controller.delegate = self
    controller.presentationContextProvider = self
    return try await withCheckedThrowingContinuation { done = $0; controller.performRequests() }
  }
  func presentationAnchor(for _: ASAuthorizationController) -> ASPresentationAnchor { window }
  func authorizationController(controller _: ASAuthorizationController, didCompleteWithAuthorization it: ASAuthorization) {
    done?.resume(returning: it.credential)
  }
  func authorizationController(controller _: ASAuthorizationController, didCompleteWithError error: Error) {
    done?.resume(throwing: error)
  }
}

extension Data {
  var base64URL: String {
    base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }
  init(base64URL text: String) {
    let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    self = Data(base64Encoded: plain.padding(toLength: (plain.count + 3) / 4 * 4, withPad: "=", startingAt: 0))!
  }
}
