-- A caller's key is <name>.<secret>, sent as a Bearer token as every OpenAI client does. Envoy keeps only
-- hashes and checks them in its basic_auth filter, so the key is put into that filter's form here.

function envoy_on_request(handle)
  local headers = handle:headers()
  headers:remove('x-anyport-caller')
  local given = headers:get('authorization') or ''
  local name, secret = given:match('^[Bb]earer%s+([a-z][a-z0-9_-]*)%.(%S+)%s*$')
  if not name then
    headers:remove('authorization')
    return
  end
  headers:replace('authorization', 'Basic ' .. handle:base64Escape(name .. ':' .. secret))
end
