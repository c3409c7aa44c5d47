// § setup
// androidx.credentials:credentials and credentials-play-services-auth; Keyway serves assetlinks.json:
// keyway app update my-app --android-packages …
import android.content.Context
import androidx.credentials.CreatePublicKeyCredentialRequest
import androidx.credentials.CreatePublicKeyCredentialResponse
import androidx.credentials.CredentialManager
import androidx.credentials.GetCredentialRequest
import androidx.credentials.GetPublicKeyCredentialOption
import androidx.credentials.PublicKeyCredential
import java.net.HttpURLConnection
import java.net.URL
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.json.JSONObject

const val KEYWAY = "https://passkeys.example.com"
const val FLEX = "https://passkeys.example.com/v1/apps/my-app"

suspend fun send(url: String, method: String = "POST", token: String? = null, body: JSONObject = JSONObject()) =
  withContext(Dispatchers.IO) {
    val connection = URL(url).openConnection() as HttpURLConnection
    connection.requestMethod = method
    token?.let { connection.setRequestProperty("Authorization", "Bearer $it") }
    if (method == "POST") {
      connection.setRequestProperty("Content-Type", "application/json")
      connection.doOutput = true
      connection.outputStream.use { it.write(body.toString().toByteArray()) }
    }
    check(connection.responseCode in 200..299) { "$url answers ${connection.responseCode}" }
    JSONObject(connection.inputStream.bufferedReader().readText().ifEmpty { "{}" })
  }

// § add
suspend fun addPasskey(context: Context, token: String) {
  val transactionId = send("$KEYWAY/passkey/register", token = token).getString("transactionId")
  val handshake = send(
    "$FLEX/register/transactions/webauthn/start",
    body = JSONObject().put("transaction_id", transactionId),
  ).getJSONObject("handshake")
  val options = handshake.getJSONObject("challenge").getJSONObject("publicKey").toString()
  val made = CredentialManager.create(context)
    .createCredential(context, CreatePublicKeyCredentialRequest(options)) as CreatePublicKeyCredentialResponse
  val nonce = send(
    "$FLEX/register/transactions/webauthn/finish",
    body = JSONObject()
      .put("transaction_id", transactionId)
      .put("handshake_id", handshake.getString("id"))
      .put("handshake_response", JSONObject(made.registrationResponseJson)),
  ).getString("nonce")
  send("$KEYWAY/passkey/verify", token = token, body = JSONObject().put("nonce", nonce))
}

// § sign-in
/** A nonce for your server's /sign-in/passkey. */
suspend fun signIn(context: Context): String {
  val handshake = send("$FLEX/authenticate/transactions/webauthn/start").getJSONObject("handshake")
  val options = handshake.getJSONObject("challenge").getJSONObject("publicKey").toString()
  val request = GetCredentialRequest(listOf(GetPublicKeyCredentialOption(options)))
  val shown = CredentialManager.create(context).getCredential(context, request).credential as PublicKeyCredential
  return send(
    "$FLEX/authenticate/transactions/webauthn/finish",
    body = JSONObject()
      .put("handshake_id", handshake.getString("id"))
      .put("handshake_response", JSONObject(shown.authenticationResponseJson)),
  ).getString("nonce")
}

// § list
suspend fun listPasskeys(token: String) =
  send("$KEYWAY/user/devices", "GET", token).getJSONArray("passkeys")

// § revoke
suspend fun revokePasskey(id: String, token: String) {
  send("$KEYWAY/user/devices/$id", "DELETE", token)
}
