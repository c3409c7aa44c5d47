import { Migration20261122000000_initial } from './migrations/Migration20261122000000_initial.js';
import { Migration20261122010000_user_list } from './migrations/Migration20261122010000_user_list.js';
import { Migration20261122020000_app_origins } from './migrations/Migration20261122020000_app_origins.js';
import { Migration20261122030000_transfer } from './migrations/Migration20261122030000_transfer.js';
import { Migration20261122040000_attestation } from './migrations/Migration20261122040000_attestation.js';
import { Migration20261122050000_nobodys_refusals } from './migrations/Migration20261122050000_nobodys_refusals.js';
import { Migration20261126000000_app_keys } from './migrations/Migration20261126000000_app_keys.js';
import { Migration20261126190000_external_id_index } from './migrations/Migration20261126190000_external_id_index.js';
import { Migration20261126200000_ties } from './migrations/Migration20261126200000_ties.js';
import { Migration20261126210000_handle_forms } from './migrations/Migration20261126210000_handle_forms.js';
import { Migration20261126210001_icons } from './migrations/Migration20261126210001_icons.js';
import { Migration20261126210002_claimed_handles } from './migrations/Migration20261126210002_claimed_handles.js';
import { Migration20261126210003_handle_keys } from './migrations/Migration20261126210003_handle_keys.js';
import { Migration20261126220000_conditional_create } from './migrations/Migration20261126220000_conditional_create.js';
import { Migration20261126230000_unknown_credential } from './migrations/Migration20261126230000_unknown_credential.js';
import { Migration20261126240000_ceremony_policies } from './migrations/Migration20261126240000_ceremony_policies.js';
import { Migration20261127000000_user_verified } from './migrations/Migration20261127000000_user_verified.js';
import { Migration20261127010000_usernames } from './migrations/Migration20261127010000_usernames.js';
import { Migration20261127020000_trail } from './migrations/Migration20261127020000_trail.js';
import { Migration20261127020001_trail_indexes } from './migrations/Migration20261127020001_trail_indexes.js';
import { Migration20261127030000_superseded_keys } from './migrations/Migration20261127030000_superseded_keys.js';
import { Migration20261127060000_erasures } from './migrations/Migration20261127060000_erasures.js';
import { Migration20261127070000_credential_hashes } from './migrations/Migration20261127070000_credential_hashes.js';
import { Migration20261127075000_checks } from './migrations/Migration20261127075000_checks.js';
import { Migration20261127080000_well_known_documents } from './migrations/Migration20261127080000_well_known_documents.js';
import { Migration20261127090000_step_up } from './migrations/Migration20261127090000_step_up.js';
import { Migration20261127090001_step_up_checks } from './migrations/Migration20261127090001_step_up_checks.js';
import { Migration20261127100000_webhooks } from './migrations/Migration20261127100000_webhooks.js';
import { Migration20261127100001_api_key_scopes } from './migrations/Migration20261127100001_api_key_scopes.js';
import { Migration20261127110000_event_names } from './migrations/Migration20261127110000_event_names.js';
import { Migration20261127110001_renamed_events } from './migrations/Migration20261127110001_renamed_events.js';
import { Migration20261127110002_event_indexes } from './migrations/Migration20261127110002_event_indexes.js';
import { Migration20261127200000_passkey_places } from './migrations/Migration20261127200000_passkey_places.js';
import { Migration20261127200001_passkey_places_check } from './migrations/Migration20261127200001_passkey_places_check.js';

/** Every migration, oldest first. */
export const migrations = [
  { name: 'Migration20261122000000_initial', class: Migration20261122000000_initial },
  { name: 'Migration20261122010000_user_list', class: Migration20261122010000_user_list },
  { name: 'Migration20261122020000_app_origins', class: Migration20261122020000_app_origins },
  { name: 'Migration20261122030000_transfer', class: Migration20261122030000_transfer },
  { name: 'Migration20261122040000_attestation', class: Migration20261122040000_attestation },
  { name: 'Migration20261122050000_nobodys_refusals', class: Migration20261122050000_nobodys_refusals },
  { name: 'Migration20261126000000_app_keys', class: Migration20261126000000_app_keys },
  { name: 'Migration20261126190000_external_id_index', class: Migration20261126190000_external_id_index },
  { name: 'Migration20261126200000_ties', class: Migration20261126200000_ties },
  { name: 'Migration20261126210000_handle_forms', class: Migration20261126210000_handle_forms },
  { name: 'Migration20261126210001_icons', class: Migration20261126210001_icons },
  { name: 'Migration20261126210002_claimed_handles', class: Migration20261126210002_claimed_handles },
  { name: 'Migration20261126210003_handle_keys', class: Migration20261126210003_handle_keys },
  { name: 'Migration20261126220000_conditional_create', class: Migration20261126220000_conditional_create },
  {
    name: 'Migration20261126230000_unknown_credential',
    class: Migration20261126230000_unknown_credential,
  },
  { name: 'Migration20261126240000_ceremony_policies', class: Migration20261126240000_ceremony_policies },
  { name: 'Migration20261127000000_user_verified', class: Migration20261127000000_user_verified },
  { name: 'Migration20261127010000_usernames', class: Migration20261127010000_usernames },
  { name: 'Migration20261127020000_trail', class: Migration20261127020000_trail },
  { name: 'Migration20261127020001_trail_indexes', class: Migration20261127020001_trail_indexes },
  { name: 'Migration20261127030000_superseded_keys', class: Migration20261127030000_superseded_keys },
  { name: 'Migration20261127060000_erasures', class: Migration20261127060000_erasures },
  { name: 'Migration20261127070000_credential_hashes', class: Migration20261127070000_credential_hashes },
  { name: 'Migration20261127075000_checks', class: Migration20261127075000_checks },
  {
    name: 'Migration20261127080000_well_known_documents',
    class: Migration20261127080000_well_known_documents,
  },
  { name: 'Migration20261127090000_step_up', class: Migration20261127090000_step_up },
  { name: 'Migration20261127090001_step_up_checks', class: Migration20261127090001_step_up_checks },
  { name: 'Migration20261127100000_webhooks', class: Migration20261127100000_webhooks },
  { name: 'Migration20261127100001_api_key_scopes', class: Migration20261127100001_api_key_scopes },
  { name: 'Migration20261127110000_event_names', class: Migration20261127110000_event_names },
  { name: 'Migration20261127110001_renamed_events', class: Migration20261127110001_renamed_events },
  { name: 'Migration20261127110002_event_indexes', class: Migration20261127110002_event_indexes },
  { name: 'Migration20261127200000_passkey_places', class: Migration20261127200000_passkey_places },
  {
    name: 'Migration20261127200001_passkey_places_check',
    class: Migration20261127200001_passkey_places_check,
  },
];
