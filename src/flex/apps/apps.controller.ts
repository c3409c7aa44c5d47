import { Controller, Get, Headers, Param } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { Public } from '../../http/public.decorator.js';
import { RateLimited } from '../../http/rate-limit.js';
import type { AppPolicy } from './app.js';
import { AppPolicies } from './app-policies.js';

/** What is public about an app. */
@Controller('v1/apps/:app')
@Public()
export class AppsController {
  constructor(private readonly apps: AppPolicies) {}

  @Get()
  @RateLimited()
  async get(@Param('app') app: string, @Headers('authorization') authorization?: string) {
    const found = this.apps.get(app);
    return { app: toJson(await (authorization === undefined ? found : found.catch(noKeyOfIt))) };
  }
}

/** As the protocol has it for servers: no key is one of an app that does not exist. */
function noKeyOfIt(cause: unknown): never {
  const isUnknown = cause instanceof AppError && cause.code === 'app_not_found';
  throw isUnknown ? new AppError('invalid_api_key', { cause }) : cause;
}

const PASSKEYS_ONLY = {
  passkeys: { enabled: true },
  otp: { enabled: false, ttl: 300, ttl_display_unit: 's' },
  magic_link: { enabled: false, ttl: 300, ttl_display_unit: 's' },
};

/** The protocol's `app`: members that only the hosted service has a value for are present and empty. */
function toJson({ id, relyingParty, webOrigins, createdAt, ...app }: AppPolicy) {
  const [origin = '', ...additionalOrigins] = webOrigins;
  return {
    id,
    name: relyingParty.name,
    rp_id: relyingParty.id,
    max_passkeys_per_user: app.maxPasskeysPerUser,
    step_up: app.stepUp,
    step_up_max_age: app.stepUpMaxAge,
    step_up_acr: app.stepUpAcr,
    step_up_amr: app.stepUpAmr,
    last_passkey: app.lastPasskey,
    auth_origin: origin,
    additional_auth_origins: additionalOrigins,
    redirect_url: '',
    login_url: '',
    application_login_uri: '',
    allowed_callback_urls: [],
    allowed_logout_urls: [],
    allowed_identifier: 'external',
    required_identifier: 'external',
    auth_fallback_method: 'none',
    auth_fallback_method_ttl: 0,
    auth_methods: PASSKEYS_ONLY,
    created_at: createdAt.toISOString(),
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
  };
}
