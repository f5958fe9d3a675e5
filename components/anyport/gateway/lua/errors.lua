-- A target's error in the shape that callers of an OpenAI API read, whatever the vendor's own shape is.
-- `anyport/client/error_body.py` says the same in Python; tests hold the two to each other.

local ERROR_BYTES, MESSAGE_BYTES, DEEPEST = 65536, 4000, 64
local REPLACEMENT = '\239\191\189'

local function mended(text)
  if valid_utf8(text) then return text end
  local parts, at = {}, 1
  while at <= #text do
    local size = character(text, at)
    parts[#parts + 1] = size and text:sub(at, at + size - 1) or REPLACEMENT
    at = at + (size or 1)
  end
  return table.concat(parts)
end

local function encoded(code)
  if code < 0x80 then return string.char(code) end
  local function tail(shift) return 0x80 + math.floor(code / 2 ^ shift) % 64 end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), tail(0)) end
  if code < 0x10000 then return string.char(0xE0 + math.floor(code / 4096), tail(6), tail(0)) end
  return string.char(0xF0 + math.floor(code / 262144), tail(12), tail(6), tail(0))
end

local SIMPLE = {b = '\b', f = '\f', n = '\n', r = '\r', t = '\t', ['"'] = '"', ['\\'] = '\\', ['/'] = '/'}

-- The string whose opening quote is at `at`, and where its closing quote is; nil when it is none.
local function read_string(text, at)
  local parts, from = {}, at + 1
  while true do
    local found = text:find('[%c"\\]', from)
    while found and text:byte(found) == 127 do found = text:find('[%c"\\]', found + 1) end
    if not found then return nil end
    parts[#parts + 1] = text:sub(from, found - 1)
    local byte = text:byte(found)
    if byte == QUOTE then return table.concat(parts), found end
    if byte ~= BACKSLASH then return nil end
    local hex = text:match('^u(%x%x%x%x)', found + 1)
    local code, used = hex and tonumber(hex, 16), 6
    if code and code >= 0xD800 and code < 0xDC00 then
      local low = text:match('^\\u([dD][c-fC-F]%x%x)', found + 6)
      if low then code, used = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00, 12 end
    end
    if code and code >= 0xD800 and code < 0xE000 then code = 0xFFFD end
    local said = code and encoded(code) or SIMPLE[text:sub(found + 1, found + 1)]
    if not said then return nil end
    parts[#parts + 1] = said
    from = found + (code and used or 2)
  end
end

local function is_number(text)
  local rest = text:match('^%-?0(.*)$') or text:match('^%-?[1-9]%d*(.*)$')
  if not rest then return false end
  rest = rest:match('^%.%d+(.*)$') or rest
  return rest == '' or rest:find('^[eE][+-]?%d+$') ~= nil
end

local read_value

local function read_container(text, at, depth, kind)
  local node = {kind = kind, first = at, members = {}, names = {}}
  local close = kind == 'map' and CLOSE_MAP or 93
  at = text:find('[^ \t\r\n]', at + 1)
  if at and text:byte(at) == close then node.last = at; return node end
  while at do
    local name
    if kind == 'map' then
      if text:byte(at) ~= QUOTE then return nil end
      local ended
      name, ended = read_string(text, at)
      local colon = name and text:find('[^ \t\r\n]', ended + 1)
      if not colon or text:byte(colon) ~= COLON then return nil end
      at = text:find('[^ \t\r\n]', colon + 1)
    else
      name = #node.names + 1
    end
    local inner = at and read_value(text, at, depth + 1)
    if not inner then return nil end
    if not node.members[name] then node.names[#node.names + 1] = name end
    node.members[name] = inner
    at = text:find('[^ \t\r\n]', inner.last + 1)
    if at and text:byte(at) == close then node.last = at; return node end
    if not at or text:byte(at) ~= COMMA then return nil end
    at = text:find('[^ \t\r\n]', at + 1)
  end
end

function read_value(text, at, depth)
  if depth > DEEPEST then return nil end
  local byte = text:byte(at)
  if byte == OPEN_MAP then return read_container(text, at, depth, 'map') end
  if byte == OPEN_LIST then return read_container(text, at, depth, 'list') end
  if byte == QUOTE then
    local said, last = read_string(text, at)
    return said and {kind = 'string', value = said, first = at, last = last}
  end
  local word = text:match('^[%w+.-]+', at)
  if not word then return nil end
  local kind = (word == 'null' or word == 'true' or word == 'false') and word or is_number(word) and 'number'
  return kind and {kind = kind, value = word, first = at, last = at + #word - 1}
end

-- The whole text as one value; nil when it is not JSON.
local function read_json(text)
  local at = text:find('[^ \t\r\n]')
  local node = at and read_value(text, at, 1)
  if node and text:find('[^ \t\r\n]', node.last + 1) then return nil end
  return node
end

local function string_of(node)
  return node and node.kind == 'string' and node.value or nil
end

local function bounded(message)
  if #message <= MESSAGE_BYTES then return message end
  local cut = MESSAGE_BYTES
  while cut > 0 and message:byte(cut + 1) >= 128 and message:byte(cut + 1) < 192 do cut = cut - 1 end
  return message:sub(1, cut) .. '…'
end

local TYPES = {
  ['401'] = 'authentication_error', ['403'] = 'permission_error', ['404'] = 'not_found_error',
  ['429'] = 'rate_limit_error',
}

local function type_of(status)
  return TYPES[status] or tonumber(status) >= 500 and 'server_error' or 'invalid_request_error'
end

-- The map that holds the vendor's message: `{"error": {…}}`, the same as the first of a list, or the map itself.
local function error_of(node)
  if node and node.kind == 'list' then node = node.members[1] end
  if not node or node.kind ~= 'map' then return nil end
  local inner = node.members.error
  if inner and inner.kind == 'map' then return inner, node end
  return node, nil
end

-- Google says in words what its code says in a number, and words are what an OpenAI client compares.
local function code_of(found)
  local code, status = found.members.code, found.members.status
  if string_of(code) then return quoted(code.value) end
  if string_of(status) then return quoted(status.value) end
  if code and code.kind == 'number' then return quoted(code.value) end
  return 'null'
end

local FIELDS = {message = true, type = true, param = true, code = true}
local FIELDS_AND_ERROR = {message = true, type = true, param = true, code = true, error = true}

local function append_others(parts, text, node, skipped)
  for _, name in ipairs(node.names) do
    local member = node.members[name]
    if not skipped[name] then
      parts[#parts + 1] = ',' .. quoted(name) .. ':' .. text:sub(member.first, member.last)
    end
  end
end

local function fallback_body(status, text)
  local first = text:find('%S')
  local said = first and text:match('.*%S', first) or ''
  if said == '' then said = 'The target answered ' .. status .. ' and did not say why.' end
  return '{"error":{"message":' .. quoted(bounded(said)) .. ',"type":' .. quoted(type_of(status)) ..
    ',"param":null,"code":null}}'
end

-- The vendor's message, code and further members, as `{"error": {"message", "type", "param", "code", …}}`.
local function openai_error(status, raw)
  local text = mended(raw:sub(1, ERROR_BYTES))
  local found, outer = error_of(#raw <= ERROR_BYTES and read_json(text) or nil)
  local plain = found and not outer and string_of(found.members.error)
  local message = plain or found and string_of(found.members.message)
  if not message then return fallback_body(status, text) end
  local kind, param = string_of(found.members.type), string_of(found.members.param)
  local parts = {
    '{"error":{"message":', quoted(bounded(message)), ',"type":', quoted(kind or type_of(status)),
    ',"param":', param and quoted(param) or 'null', ',"code":', code_of(found),
  }
  append_others(parts, text, found, plain and FIELDS_AND_ERROR or FIELDS)
  parts[#parts + 1] = '}'
  if outer then append_others(parts, text, outer, {error = true}) end
  return table.concat(parts) .. '}'
end

-- Replaces the body of an error. The head goes on at once, so a target that stalls in its error holds nobody up.
local function reshape(handle, status)
  local headers = handle:headers()
  local coding, size = headers:get('content-encoding') or 'identity', tonumber(headers:get('content-length') or '')
  headers:replace('content-type', 'application/json')
  headers:remove('content-encoding')
  headers:remove('content-length')
  if size == 0 then
    local text = openai_error(status, '')
    handle:body(true):setBytes(text)
    handle:headers():replace('content-length', tostring(#text))
    return
  end
  local parts, got, done = {}, 0, false
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if got <= ERROR_BYTES and coding == 'identity' then parts[#parts + 1] = chunk:getBytes(0, length) end
    got = got + length
    -- The end is a chunk of no length; what Envoy says by itself comes as a single one.
    local ended = not done and (length == 0 or got == size)
    chunk:setBytes(ended and openai_error(status, table.concat(parts)) or '')
    done = done or ended
  end
end
