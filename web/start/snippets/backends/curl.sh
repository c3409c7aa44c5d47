# § setup
APP=https://passkeys.example.com/v1/apps/my-app
# APP_API_KEY and JWT_SECRET as Keyway has them

# § token
encode() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
NOW=$(date +%s)
HEADER=$(printf '{"alg":"HS256","typ":"JWT"}' | encode)
CLAIMS=$(printf '{"iss":"https://login.example.com","aud":"keyway","sub":"%s","preferred_username":"%s","auth_time":%d,"exp":%d}' \
  "$USER_ID" "$USER_NAME" "$NOW" "$((NOW + 300))" | encode)
SIGNATURE=$(printf '%s.%s' "$HEADER" "$CLAIMS" | openssl dgst -sha256 -hmac "$JWT_SECRET" -binary | encode)
TOKEN="$HEADER.$CLAIMS.$SIGNATURE"

# § sign-in
# Of the answer, issuer and subject are your user; kind has to be "authenticate".
curl -sf "$APP/authenticate/verify" -H "Authorization: Bearer $APP_API_KEY" --json "{\"nonce\":\"$NONCE\"}"

# § list
curl -sf "$APP/external-users/$EXTERNAL_ID/devices" -H "Authorization: Bearer $APP_API_KEY"

# § revoke
curl -sf -X DELETE "$APP/external-users/$EXTERNAL_ID/devices/$PASSKEY_ID" -H "Authorization: Bearer $APP_API_KEY"
