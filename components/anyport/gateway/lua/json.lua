-- Finds its way in JSON text without parsing it: where the values of the top-level members are.
-- Strict where two readers could disagree: a key given twice or written with escapes is refused, since
-- the gateway would route by one reading and the target answer by another.

local QUOTE, BACKSLASH, COLON, COMMA = 34, 92, 58, 44
local OPEN_MAP, CLOSE_MAP, OPEN_LIST = 123, 125, 91

local function string_end(text, at)
  local from = at + 1
  while true do
    local found = text:find('["\\]', from)
    if not found then return nil end
    if text:byte(found) == QUOTE then return found end
    from = found + 2
  end
end

local function container_end(text, at)
  local depth, from = 0, at
  while true do
    local found = text:find('["{}%[%]]', from)
    if not found then return nil end
    local byte = text:byte(found)
    if byte == QUOTE then
      found = string_end(text, found)
      if not found then return nil end
    elseif byte == OPEN_MAP or byte == OPEN_LIST then
      depth = depth + 1
    else
      depth = depth - 1
      if depth == 0 then return found end
    end
    from = found + 1
  end
end

local function value_end(text, at)
  local byte = text:byte(at)
  if byte == QUOTE then return string_end(text, at) end
  if byte == OPEN_MAP or byte == OPEN_LIST then return container_end(text, at) end
  local found = text:find('[%s,}%]]', at)
  if not found or found == at then return nil end
  return found - 1
end

-- Key -> {first, last} of its value's text; nil and the reason when the text is no such object.
local function members(text)
  local at = text:find('%S')
  if not at or text:byte(at) ~= OPEN_MAP then return nil, 'the body must be a JSON object' end
  local found = {}
  at = text:find('%S', at + 1)
  if at and text:byte(at) == CLOSE_MAP then return found end
  while at and text:byte(at) == QUOTE do
    local close = string_end(text, at)
    if not close then break end
    local key = text:sub(at + 1, close - 1)
    if key:find('\\', 1, true) then return nil, 'a key of the body is written with escapes' end
    if found[key] then return nil, 'a key of the body is given twice' end
    local colon = text:find('%S', close + 1)
    local first = colon and text:byte(colon) == COLON and text:find('%S', colon + 1)
    local last = first and value_end(text, first)
    if not last then break end
    found[key] = {first, last}
    at = text:find('%S', last + 1)
    if not at then break end
    if text:byte(at) == CLOSE_MAP then
      if text:find('%S', at + 1) then break end
      return found
    end
    if text:byte(at) ~= COMMA then break end
    at = text:find('%S', at + 1)
  end
  return nil, 'the body is not valid JSON'
end

local ESCAPES = {['"'] = '\\"', ['\\'] = '\\\\', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t'}

local function quoted(text)
  local escaped = text:gsub('[%c"\\]', function(char)
    return ESCAPES[char] or string.format('\\u%04x', char:byte())
  end)
  return '"' .. escaped .. '"'
end

local function error_body(kind, code, message)
  return '{"error":{"message":' .. quoted(message) .. ',"type":' .. quoted(kind) ..
    ',"param":null,"code":' .. quoted(code) .. '}}'
end

-- Length of the character that begins at `at`, nil when the bytes there are no UTF-8.
local function character(text, at)
  local first, second = text:byte(at, at + 1)
  if first < 128 then return 1 end
  local size = first >= 194 and first < 224 and 2 or first >= 224 and first < 240 and 3 or
    first >= 240 and first < 245 and 4 or nil
  if not size or not second then return nil end
  local low = first == 224 and 160 or first == 240 and 144 or 128
  local high = first == 237 and 159 or first == 244 and 143 or 191
  if second < low or second > high then return nil end
  for place = at + 2, at + size - 1 do
    local byte = text:byte(place)
    if not byte or byte < 128 or byte > 191 then return nil end
  end
  return size
end

-- A loop over bytes, which is compiled, and not a search by pattern, which is not: long prompts pass through here.
local function valid_utf8(text)
  local at, size = 1, #text
  while at <= size do
    if text:byte(at) < 128 then
      at = at + 1
    else
      local length = character(text, at)
      if not length then return false end
      at = at + length
    end
  end
  return true
end
