// § setup
// The standard library alone.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

const (
	app      = "https://passkeys.example.com/v1/apps/my-app"
	issuer   = "https://login.example.com" // JWT_ISSUER of Keyway
	audience = "keyway"                    // JWT_AUDIENCE of Keyway
)

var client = &http.Client{Timeout: 10 * time.Second}

func keyway(method, path string, body any, answer any) error {
	var data bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&data).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, app+path, &data)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("APP_API_KEY"))
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("keyway answers %d", response.StatusCode)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// § token
func tokenFor(user User) string {
	part := base64.RawURLEncoding.EncodeToString
	header, _ := json.Marshal(map[string]string{"alg": "HS256", "typ": "JWT"})
	claims, _ := json.Marshal(map[string]any{
		"iss": issuer, "aud": audience, "sub": user.ID, "preferred_username": user.Name,
		"auth_time": user.SignedInAt, "exp": time.Now().Add(5 * time.Minute).Unix(),
	})
	signed := part(header) + "." + part(claims)
	mac := hmac.New(sha256.New, []byte(os.Getenv("JWT_SECRET")))
	mac.Write([]byte(signed))
	return signed + "." + part(mac.Sum(nil))
}

// § sign-in
func signIn(writer http.ResponseWriter, request *http.Request) {
	var body struct{ Nonce string }
	if request.Header.Get("Origin") != os.Getenv("ORIGIN") || json.NewDecoder(request.Body).Decode(&body) != nil {
		http.Error(writer, "", http.StatusForbidden)
		return
	}
	var proof struct {
		Kind, Issuer, Subject string
		ExternalID            string `json:"external_id"`
	}
	err := keyway("POST", "/authenticate/verify", map[string]string{"nonce": body.Nonce}, &proof)
	if err != nil || proof.Kind != "authenticate" || proof.Issuer != issuer {
		http.Error(writer, "", http.StatusUnauthorized)
		return
	}
	startSession(writer, proof.Subject, proof.ExternalID) // yours
	writer.WriteHeader(http.StatusNoContent)
}

// § list
type Passkey struct {
	ID           string
	FriendlyName string `json:"friendly_name"`
}

func listPasskeys(user User) ([]Passkey, error) {
	var answer struct{ Devices []Passkey }
	err := keyway("GET", "/external-users/"+url.PathEscape(user.ExternalID)+"/devices", nil, &answer)
	return answer.Devices, err
}

// § revoke
func revokePasskey(user User, id string) error {
	path := "/external-users/" + url.PathEscape(user.ExternalID) + "/devices/" + url.PathEscape(id)
	return keyway("DELETE", path, nil, nil)
}
