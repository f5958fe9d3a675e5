-- A transfer that breaks is told at once. The time in which a connection may close slowly is for callers that have more
-- to read or to send; a caller whose answer broke has neither, and Envoy would keep it waiting that long for nothing.
-- It tells the two apart by this mark, which it reads when the answer ends; earlier than after the first bytes it would
-- end every caller's connection with the answer.

function envoy_on_response(handle)
  for _ in handle:bodyChunks() do
    handle:streamInfo():drainConnectionUponCompletion()
    return
  end
end
