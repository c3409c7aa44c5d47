const NO_OFFER = { enabled: false, ttl: 300, ttl_display_unit: 's' };

/** Every member of the protocol's `app`, for `toStrictEqual`. */
export const expectedApp = ({
  id,
  name,
  rpId,
  origins: [origin, ...additionalOrigins],
}: {
  readonly id: string;
  readonly name: string;
  readonly rpId: string;
  readonly origins: readonly [string, ...string[]];
}) => ({
  id,
  name,
  rp_id: rpId,
  max_passkeys_per_user: 50,
  step_up: 'off',
  step_up_max_age: 300,
  step_up_acr: [],
  step_up_amr: [],
  last_passkey: 'warn',
  auth_origin: origin,
  additional_auth_origins: additionalOrigins,
  redirect_url: '',
  login_url: '',
  application_login_uri: '',
  allowed_callback_urls: [],
  allowed_logout_urls: [],
  allowed_identifier: expect.any(String) as string,
  required_identifier: expect.any(String) as string,
  auth_fallback_method: 'none',
  auth_fallback_method_ttl: 0,
  auth_methods: { passkeys: { enabled: true }, otp: NO_OFFER, magic_link: NO_OFFER },
  created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
  default_language: 'en',
  element_customization: {},
  element_customization_dark: {},
  ephemeral: false,
  hosted: false,
  hosted_subdomain: '',
  layouts: { profile: [], registration: [] },
  passage_branding: false,
  profile_management: false,
  public_signup: true,
  refresh_enabled: false,
  refresh_absolute_lifetime: 0,
  refresh_inactivity_lifetime: 0,
  require_email_verification: false,
  require_identifier_verification: false,
  role: '',
  rsa_public_key: '',
  session_timeout_length: 0,
  social_connections: {},
  technologies: [],
  type: 'flex',
  user_metadata_schema: [],
});
