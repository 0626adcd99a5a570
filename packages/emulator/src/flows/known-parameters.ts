/** Parameters of an authorization request that Kinde knows, or that OAuth and OpenID Connect define. */
export const KNOWN_PARAMETERS: readonly string[] = `
client_id redirect_uri response_type response_mode scope state nonce code_challenge
code_challenge_method audience prompt start_page login_hint lang connection_id org_code
is_create_org org_name has_success_page is_use_auth_success_page workflow_deployment_id deploy_id
supports_reauth reauth_state plan_interest pricing_table_key pages_mode invitation_code
is_invitation max_age display ui_locales acr_values id_token_hint
utm_source utm_medium utm_campaign utm_content utm_term gclid click_id
hsa_acc hsa_cam hsa_grp hsa_ad hsa_src hsa_tgt hsa_kw hsa_mt hsa_net hsa_ver
match_type keyword device ad_group_id campaign_id creative network ad_position
fbclid li_fat_id msclkid twclid ttclid
`
  .trim()
  .split(/\s+/);
