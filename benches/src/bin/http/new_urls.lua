-- For `wrk`: asks for a URL that nobody asked for before. Behind `--` stands the number of the run.
local asked, run = 0, ""

function init(arguments)
  run = arguments[1]
end

function request()
  asked = asked + 1
  return wrk.format("GET", wrk.path .. "?" .. run .. "-" .. asked)
end
