-- Health of a GameServerSet: what its conditions say, or its counters where there are no conditions.

local function health(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "the set is being deleted")
end

local status = obj.status
if status == nil or (status.observedGeneration or 0) < (obj.metadata.generation or 0) then
  return health("Progressing", "the manager has not looked at this spec yet")
end

local told = {}
for _, condition in ipairs(status.conditions or {}) do
  told[condition.type] = condition
end

if told.Ready ~= nil then
  local ready, progressing, stalled = told.Ready, told.Progressing or {}, told.Stalled or {}
  if stalled.status == "True" then
    return health("Degraded", stalled.reason .. ": " .. stalled.message)
  end
  -- Somebody has to resume it, shrink the partition or delete the servers that are to change.
  local waits = ready.reason == "PartitionReached" or ready.reason == "OnDelete"
  if progressing.status == "Unknown" or (ready.status == "True" and waits) then
    return health("Suspended", ready.reason .. ": " .. ready.message)
  end
  if ready.status == "True" then
    return health("Healthy", ready.message)
  end
  return health("Progressing", ready.reason .. ": " .. ready.message)
end

-- The definition of OpenKruiseGame drops conditions, and its manager writes none.
local rolling = (obj.spec.updateStrategy or {}).rollingUpdate or {}
local wanted, kept = obj.spec.replicas, rolling.partition or 0
local ready, updated = status.readyReplicas or 0, status.updatedReadyReplicas or 0
local message = updated .. " of " .. wanted .. " servers updated and ready, " .. ready .. " ready"

if rolling.paused and updated < wanted then
  return health("Suspended", message)
end
if ready < wanted or updated < wanted - kept or (status.currentReplicas or 0) > wanted then
  return health("Progressing", message)
end
if updated < wanted then
  return health("Suspended", message)
end
return health("Healthy", message)
