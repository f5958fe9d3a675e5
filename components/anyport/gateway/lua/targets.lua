-- Stands before every target: skips the dead, turns a request into the target's own form, says who served.
-- TARGETS, FAILURES, COOLDOWN_MS and TRIGGERS come before this text. Its state lives in one worker, so Envoy
-- runs with --concurrency 1: then "after two failures" means two, whoever asks.

local KEEP_MS = 900000

local health = {}
local tried = {}
local inserted = 0

local function now_of(handle)
  return handle:timestamp(EnvoyTimestampResolution.MILLISECOND)
end

local function health_of(name)
  local state = health[name]
  if not state then
    state = {failures = 0, open_until = 0, trial_until = 0, well_until = 0, turn = 0}
    health[name] = state
  end
  return state
end

local function known_dead(name)
  return health_of(name).failures >= FAILURES
end

-- Whether one of the targets after this one in the request's order, `endpoint/target,…`, is known to be well: it
-- answered within the last cool-down and has not failed since. One that nobody asked for longer may have died too.
local function better_one(rest, now)
  for name in rest:gmatch('[^,]+') do
    if now < health_of(name).well_until then return true end
  end
  return false
end

-- Whether a dead target may be asked: never in its cool-down, then by one request, or by every one that has nothing
-- after it that is known to be well: one that may be coming back is the best it has. A trial that is not over within a
-- cool-down keeps the next one out no longer: its caller may have gone, or it hangs since before the target recovered.
local function may_try(state, now, rest)
  if state.failures < FAILURES then return true end
  if now < state.open_until then return false end
  if now < state.trial_until then return not better_one(rest, now) end
  state.trial_until = now + COOLDOWN_MS
  return true
end

local function is_drilled(drill, name)
  return (',' .. drill .. ','):find(',' .. TARGETS[name].name .. ',', 1, true) ~= nil
end

-- A drill of this one request: what it names is as if broken, and what is learnt of the others is not kept. A target
-- known dead is passed by, since a trial belongs to a request that counts.
local function in_drill(drill, name, rest)
  local left = {}
  for later in rest:gmatch('[^,]+') do
    if not is_drilled(drill, later) then left[#left + 1] = later end
  end
  rest = table.concat(left, ',')
  return rest, is_drilled(drill, name), rest ~= '' and known_dead(name)
end

local function count_attempt(request, now)
  local row = tried[request] or {attempts = 0}
  row.attempts, row.at = row.attempts + 1, now
  tried[request] = row
  inserted = inserted + 1
  if inserted % 512 == 0 then
    for key, old in pairs(tried) do
      if now - old.at > KEEP_MS then tried[key] = nil end
    end
  end
  return row.attempts
end

local function into_own_form(handle, target)
  local body = handle:body()
  local headers = handle:headers()
  local first, last = (headers:get('x-anyport-span') or ''):match('^(%d+)%-(%d+)$')
  local text = body:getBytes(0, body:length())
  local changed = text:sub(1, tonumber(first) - 1) .. quoted(target.model) .. text:sub(tonumber(last) + 1)
  body:setBytes(changed)
  headers:replace('content-length', tostring(#changed))
  headers:replace(':path', target.base_path .. target.paths[headers:get('x-anyport-api')])
  -- The end of a stream is watched in plain text.
  headers:remove('accept-encoding')
end

function envoy_on_request(handle)
  local found = handle:connectionStreamInfo():dynamicMetadata():get('anyport')
  local target = found and TARGETS[found['target']]
  if not target then
    handle:respond({[':status'] = '500'}, '')
    return
  end
  local headers, now, state = handle:headers(), now_of(handle), health_of(found['target'])
  local patience = headers:get('x-anyport-stream') == 'yes' and target.first_byte_ms or target.answer_ms
  local rest, drill = found['rest'], headers:get('x-anyport-drill')
  local skipped, as_if_failed
  if drill then
    rest, as_if_failed, skipped = in_drill(drill, found['target'], rest)
    if as_if_failed then count_attempt(headers:get('x-anyport-request'), now) end
  else
    skipped = rest ~= '' and not may_try(state, now, rest)
  end
  if skipped or as_if_failed then
    handle:respond({[':status'] = '503', ['x-anyport-skipped'] = 'yes'}, '')
    return
  end
  local name, request = found['target'], headers:get('x-anyport-request')
  local mark = handle:streamInfo():dynamicMetadata()
  mark:set('anyport', 'target', name)
  mark:set('anyport', 'request', request)
  mark:set('anyport', 'api', headers:get('x-anyport-api'))
  mark:set('anyport', 'last', rest == '' and 'yes' or 'no')
  mark:set('anyport', 'turn', tostring(state.turn))
  if drill then mark:set('anyport', 'drill', drill) end
  mark:set('anyport', 'attempts', tostring(count_attempt(request, now)))
  into_own_form(handle, target)
  -- Waiting for the body ended the life of what was read before it.
  headers = handle:headers()
  headers:replace('x-envoy-upstream-rq-per-try-timeout-ms', tostring(patience))
  headers:replace('x-anyport-target', name)
  handle:clearRouteCache()
end

local function note_well(handle, name, state)
  if state.failures >= FAILURES then
    handle:logInfo('anyport: ' .. name .. ' is back')
    state.turn = state.turn + 1
  end
  state.failures, state.trial_until, state.well_until = 0, 0, now_of(handle) + COOLDOWN_MS
end

local function note_failed(handle, name, state, status)
  state.failures, state.trial_until, state.well_until = state.failures + 1, 0, 0
  if state.failures < FAILURES then return end
  state.turn = state.turn + 1
  state.open_until = now_of(handle) + COOLDOWN_MS
  handle:logWarn('anyport: ' .. name .. ' gets no traffic for ' .. COOLDOWN_MS .. ' ms after status ' .. status)
end

-- A target's turn ends when it is found dead and when it is found well again. What an attempt of an earlier turn comes
-- to tells of a time that is over: it neither prolongs a cool-down nor ends it.
local function judge(handle, name, status, turn)
  local state, well = health_of(name), not TRIGGERS[status]
  if turn == tostring(state.turn) then
    if well then note_well(handle, name, state) else note_failed(handle, name, state, status) end
  end
  return well
end

local ENDS = {
  chat_completions = {'data: [DONE]', 'data:[DONE]'},
  responses = {'event: response.completed', 'event: response.failed', 'event: response.incomplete', 'event: error'},
}

local function cut_event()
  return '\n\ndata: ' .. error_body('server_error', 'stream_cut', 'The target ended the stream before its end.') .. '\n\n'
end

-- A stream that ends in order without its last event would look complete to the caller: it gets an error event.
local function guard_end(handle, api)
  -- What a model says is inside a JSON text, so only the beginning of a line can be an event of the target's.
  local ends, tail, seen = ENDS[api], '\n', false
  if not ends then return end
  local headers = handle:headers()
  local nothing = headers:get('content-length') == '0'
  -- An event more would not fit into a length that was said.
  headers:remove('content-length')
  if nothing then
    handle:body(true):setBytes(cut_event())
    return
  end
  for chunk in handle:bodyChunks() do
    local size = chunk:length()
    if size == 0 then
      if not seen then chunk:setBytes(cut_event()) end
    elseif not seen then
      local text = (tail .. chunk:getBytes(0, size)):gsub('\r', '\n')
      for _, sign in ipairs(ends) do seen = seen or text:find('\n' .. sign, 1, true) ~= nil end
      tail = text:sub(-64)
    end
  end
end

-- What a target says to an Envoy before it is not for this one: a header of its own rate limit would stop the retries.
local function forget_steering(headers)
  local found = {}
  for name in pairs(headers) do
    if name:sub(1, 8) == 'x-envoy-' or name:sub(1, 10) == 'x-anyport-' then found[#found + 1] = name end
  end
  for _, name in ipairs(found) do headers:remove(name) end
end

function envoy_on_response(handle)
  local mark = handle:streamInfo():dynamicMetadata():get('anyport')
  if not mark then return end
  forget_steering(handle:headers())
  local headers = handle:headers()
  local status = headers:get(':status')
  local well
  if mark['drill'] then
    well = not TRIGGERS[status]
    headers:replace('x-anyport-drill', mark['drill'])
  else
    well = judge(handle, mark['target'], status, mark['turn'])
  end
  headers:replace('x-served-by', TARGETS[mark['target']].name)
  headers:replace('x-attempts', mark['attempts'])
  if well then tried[mark['request']] = nil end
  if tonumber(status) >= 400 then
    -- Another target is asked after a trigger; what this one said is not waited for.
    if well or mark['last'] == 'yes' then reshape(handle, status) end
  elseif (headers:get('content-type') or ''):lower():find('text/event-stream', 1, true) then
    guard_end(handle, mark['api'])
  end
end
