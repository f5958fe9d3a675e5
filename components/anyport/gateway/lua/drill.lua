-- Who may drill: a key whose hash is a line of DRILL_KEY_FILE, in the form of the callers' file. Envoy checks such
-- hashes only in a filter that refuses, and a wrong drill key must change nothing, so the hash is made here.
-- The file is read when Envoy starts; one that cannot be used keeps Envoy from starting.

local DRILL_KEYS = {}
for line in assert(io.open(DRILL_KEY_FILE), 'the drill key file cannot be read'):lines() do
  local hash = line:match('^[^:%s]+:{SHA}(%S+)%s*$')
  if hash and #hash == 28 then DRILL_KEYS[#DRILL_KEYS + 1] = hash end
end
assert(#DRILL_KEYS > 0, 'the drill key file holds no key')

local band, bnot, bor, bxor, rol = bit.band, bit.bnot, bit.bor, bit.bxor, bit.rol

local function bytes_of(word)
  return string.char(band(bit.rshift(word, 24), 255), band(bit.rshift(word, 16), 255), band(bit.rshift(word, 8), 255), band(word, 255))
end

local function mixed(round, b, c, d)
  if round < 20 then return bor(band(b, c), band(bnot(b), d)), 0x5a827999 end
  if round < 40 then return bxor(b, c, d), 0x6ed9eba1 end
  if round < 60 then return bor(band(b, c), band(b, d), band(c, d)), 0x8f1bbcdc end
  return bxor(b, c, d), 0xca62c1d6
end

local function sha1(text)
  local padded = text .. '\128' .. ('\0'):rep((55 - #text) % 64) .. '\0\0\0\0' .. bytes_of(#text * 8)
  local h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
  for at = 1, #padded, 64 do
    local w = {}
    for i = 0, 15 do
      local first, second, third, fourth = padded:byte(at + i * 4, at + i * 4 + 3)
      w[i] = bor(bit.lshift(first, 24), bit.lshift(second, 16), bit.lshift(third, 8), fourth)
    end
    for i = 16, 79 do w[i] = rol(bxor(w[i - 3], w[i - 8], w[i - 14], w[i - 16]), 1) end
    local a, b, c, d, e = h[1], h[2], h[3], h[4], h[5]
    for i = 0, 79 do
      local f, k = mixed(i, b, c, d)
      a, b, c, d, e = bit.tobit(rol(a, 5) + f + e + k + w[i]), a, rol(b, 30), c, d
    end
    for place, word in ipairs({a, b, c, d, e}) do h[place] = bit.tobit(h[place] + word) end
  end
  return bytes_of(h[1]) .. bytes_of(h[2]) .. bytes_of(h[3]) .. bytes_of(h[4]) .. bytes_of(h[5])
end

-- As long for the first byte that differs as for the last, and for the first key as for all.
local function is_drill_key(handle, key)
  if #key < 32 or #key > 512 then return false end
  local hash, known = handle:base64Escape(sha1(key)), false
  for _, other in ipairs(DRILL_KEYS) do
    local differing = bxor(#hash, #other)
    for place = 1, #other do differing = bor(differing, bxor(hash:byte(place) or 0, other:byte(place))) end
    known = known or differing == 0
  end
  return known
end

-- What a request that may drill names, as it wrote it; nil for every other request.
local function drill_wanted(handle, headers)
  local names, key = headers:get('x-anyport-drill'), headers:get('x-anyport-drill-key')
  if names and key and is_drill_key(handle, key) then return names end
  return nil
end

-- The targets of the endpoint that a drill names, as a set and as `name,name`; nil and what is wrong.
local function drilled_targets(endpoint, wanted)
  local known, names, named, said = {}, {}, {}, {}
  for _, row in ipairs(endpoint.targets) do
    known[row.name] = row.index
    names[#names + 1] = row.name
  end
  for name in wanted:gmatch('[^,%s]+') do
    local index = known[name]
    if not index then return nil, 'The drill names ' .. name:sub(1, 80) .. '; the targets are ' .. table.concat(names, ', ') .. '.' end
    if not named[index] then said[#said + 1] = name end
    named[index] = true
  end
  if #said == 0 then return nil, 'The drill names no target; the targets are ' .. table.concat(names, ', ') .. '.' end
  return named, table.concat(said, ',')
end

-- Prepares a drill: how often at most to move on, so that the last target left is the last one asked.
-- Nil when the request was answered here.
local function begin_drill(handle, endpoint, order, wanted)
  local named, said = drilled_targets(endpoint, wanted)
  if not named then
    refuse(handle, '400', 'drill_target_unknown', said)
    return nil
  end
  local last
  for place, index in ipairs(order) do
    if not named[index] then last = place end
  end
  if not last then
    refuse(handle, '503', 'drill_no_target', 'Every target that can serve this request is drilled: ' .. said .. '.', said)
    return nil
  end
  handle:headers():replace('x-anyport-drill', said)
  return last - 1
end
