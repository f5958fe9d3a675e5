-- How the front answers by itself, in the shape that OpenAI clients read.

local KINDS = {['404'] = 'not_found_error', ['503'] = 'server_error'}

local function refuse(handle, status, code, message, drill)
  handle:streamInfo():dynamicMetadata():set('anyport', 'reply', 'own')
  local headers = {[':status'] = status, ['content-type'] = 'application/json', ['x-anyport-drill'] = drill}
  handle:respond(headers, error_body(KINDS[status] or 'invalid_request_error', code, message))
end
