-- Health of a GameServer: its state, its network and what is not normal about it.

local function health(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "the server is being deleted")
end

local status = obj.status or {}
local state = status.currentState or ""
if state == "" then
  return health("Progressing", "the manager has not looked at this server yet")
end
if obj.spec ~= nil and obj.spec.opsState == "Maintaining" then
  return health("Suspended", "Maintaining, " .. state)
end

-- While a pod starts or changes, it and its volumes are not normal as a matter of course.
local always = { NodeNormal = true, NetworkNormal = true }
local message = state
for _, condition in ipairs(status.conditions or {}) do
  if condition.status == "False" then
    local said = (condition.reason or "") .. ": " .. (condition.message or "")
    if state == "Ready" or always[condition.type] then
      return health("Degraded", said)
    end
    message = message .. "; " .. said
  end
end

if state == "Crash" then
  return health("Degraded", message)
end
if state ~= "Ready" then
  return health("Progressing", message)
end

local network = status.networkStatus or {}
local wanted = network.desiredNetworkState or ""
if wanted ~= "" and network.currentNetworkState ~= wanted then
  return health("Progressing", "Ready, and waits for its network to be " .. wanted)
end
return health("Healthy", "Ready")
