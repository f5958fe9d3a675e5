-- Reads what a request asks for and chooses the order of targets that may serve it.
-- ENDPOINTS, NAMES, PATHS, KNOWN_CALLERS, PRIVATE_HEADERS and PRIVATE_WORDS come before this text, from the route
-- table, the settings and the list that the client has too, and `drill.lua` where there is a drill key.

local function has_list(text, span)
  return span and text:byte(span[1]) == OPEN_LIST and text:find('%S', span[1] + 1) < span[2]
end

-- Letters that a JSON text spells as \u0061 are read as what they are. Nothing else is: no quote comes to be this way.
local function unescaped(text)
  return (text:gsub('\\u00(%x%x)', function(digits)
    local char = string.char(tonumber(digits, 16))
    return char:find('[%w_]') and char or nil
  end))
end

-- Quotes inside a JSON string are escaped, so none of these patterns can be met in what a user wrote.
local function within(text, span, pattern)
  return span ~= nil and unescaped(text:sub(span[1], span[2])):find(pattern) ~= nil
end

-- The beginning of what a caller sent, for a message; not cut within a character.
local function beginning(text)
  if #text <= 80 then return text end
  return (text:sub(1, 80):gsub('[\192-\255][\128-\191]*$', ''))
end

local FEATURE_SIGNS = {
  streaming = function(text, found)
    return found.stream ~= nil and text:sub(found.stream[1], found.stream[2]) == 'true'
  end,
  tools = function(text, found) return has_list(text, found.tools) or has_list(text, found.functions) end,
  json_schema = function(text, found)
    local pattern = '"type"%s*:%s*"json_schema"'
    return within(text, found.response_format, pattern) or within(text, found.text, pattern)
  end,
  vision = function(text, found)
    return within(text, found.messages, '"type"%s*:%s*"image_url"') or
      within(text, found.input, '"type"%s*:%s*"input_image"')
  end,
  reasoning = function(_, found) return found.reasoning_effort ~= nil or found.reasoning ~= nil end,
}

local counter = 0

local function is_private(name)
  if PRIVATE_HEADERS[name] then return true end
  for _, word in ipairs(PRIVATE_WORDS) do
    if name:find(word, 1, true) then return true end
  end
  return false
end

-- What a caller says in headers of ours or of Envoy's, and what is no target's to see.
local function forget_callers_own(headers)
  local dropped = {}
  for name in pairs(headers) do
    local known = KNOWN_CALLERS and name == 'x-anyport-caller'
    local ours = name:sub(1, 10) == 'x-anyport-' or name:sub(1, 8) == 'x-envoy-'
    if not known and name:sub(1, 1) ~= ':' and (ours or is_private(name)) then dropped[#dropped + 1] = name end
  end
  for _, name in ipairs(dropped) do headers:remove(name) end
end

local function list_models(handle)
  local rows = {}
  for _, name in ipairs(NAMES) do
    rows[#rows + 1] = '{"id":' .. quoted(name) .. ',"object":"model","created":0,"owned_by":"anyport"}'
  end
  handle:streamInfo():dynamicMetadata():set('anyport', 'reply', 'own')
  local body = '{"object":"list","data":[' .. table.concat(rows, ',') .. ']}'
  handle:respond({[':status'] = '200', ['content-type'] = 'application/json'}, body)
end

-- The first of the targets that share a priority, by weight; the others keep their places after it.
local function weighted(group)
  local sum = 0
  for _, row in ipairs(group) do sum = sum + row.weight end
  local drawn = math.random() * sum
  for place, row in ipairs(group) do
    drawn = drawn - row.weight
    if drawn < 0 then return place end
  end
  return #group
end

local function order_of(endpoint, needs)
  local order, group = {}, {}
  local function flush()
    if #group == 0 then return end
    local first = weighted(group)
    order[#order + 1] = group[first].index
    for place, row in ipairs(group) do
      if place ~= first then order[#order + 1] = row.index end
    end
    group = {}
  end
  local last
  for _, row in ipairs(endpoint.targets) do
    local able = true
    for _, feature in ipairs(needs) do able = able and row.features[feature] end
    if able then
      if row.priority ~= last then flush() end
      last = row.priority
      group[#group + 1] = row
    end
  end
  flush()
  return order
end

local function needs_of(text, found)
  local needs = {}
  for _, feature in ipairs({'json_schema', 'reasoning', 'streaming', 'tools', 'vision'}) do
    if FEATURE_SIGNS[feature](text, found) then needs[#needs + 1] = feature end
  end
  return needs
end

local function check_model(handle, text, found)
  local span = found.model
  if not span or text:byte(span[1]) ~= QUOTE then
    refuse(handle, '400', 'model_missing', 'The body names no model; send "model": one of ' .. table.concat(NAMES, ', ') .. '.')
    return nil
  end
  local name = unescaped(text:sub(span[1] + 1, span[2] - 1))
  if not ENDPOINTS[name] then
    refuse(handle, '404', 'model_not_found', 'There is no model ' .. beginning(name) .. ' here; there is ' .. table.concat(NAMES, ', ') .. '.')
    return nil
  end
  return name
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local wanted = drill_wanted and drill_wanted(handle, headers)
  forget_callers_own(headers)
  local path = (headers:get(':path') or ''):gsub('%?.*$', '')
  local method = headers:get(':method')
  if path == '/v1/models' and method == 'GET' then return list_models(handle) end
  if not PATHS[path] then
    return refuse(handle, '404', 'unknown_url', 'There is no ' .. beginning(path) .. ' here.')
  end
  if method ~= 'POST' then
    return refuse(handle, '405', 'method_not_allowed', 'Use POST.')
  end
  local body = handle:body()
  local text = body and body:length() > 0 and body:getBytes(0, body:length()) or ''
  local found, reason = members(text)
  if found and not valid_utf8(text) then found, reason = nil, 'the body is not valid JSON' end
  if not found then return refuse(handle, '400', 'invalid_json', 'This request cannot be routed: ' .. reason .. '.') end
  local name = check_model(handle, text, found)
  if not name then return end
  local endpoint = ENDPOINTS[name]
  if not endpoint.apis[PATHS[path]] then
    return refuse(handle, '404', 'unknown_url', 'Model ' .. name .. ' does not serve ' .. path .. '.')
  end
  local needs = needs_of(text, found)
  local order = order_of(endpoint, needs)
  if #order == 0 then
    return refuse(handle, '400', 'feature_not_supported', 'No target of ' .. name .. ' has ' .. table.concat(needs, ' and ') .. '.')
  end
  local moves = #order - 1
  if wanted then
    moves = begin_drill(handle, endpoint, order, wanted)
    if not moves then return end
  end
  counter = counter + 1
  headers = handle:headers()
  -- Envoy answers a gRPC request with 200 whatever became of it, so that no failure would be seen.
  headers:replace('content-type', 'application/json')
  headers:replace('x-anyport-request', handle:timestamp(EnvoyTimestampResolution.MILLISECOND) .. '-' .. counter)
  headers:replace('x-anyport-span', found.model[1] .. '-' .. found.model[2])
  headers:replace('x-anyport-api', PATHS[path])
  headers:replace('x-anyport-stream', FEATURE_SIGNS.streaming(text, found) and 'yes' or 'no')
  headers:replace('x-anyport-route', name .. '/' .. table.concat(order, ','))
  headers:replace('x-envoy-max-retries', tostring(moves))
  handle:clearRouteCache()
end
