-- Neovim with editors/vim: what a user of it sees. Run by neovim.sh in a file of a model.
local failures = 0

local function check(what, holds, seen)
  if not holds then
    failures = failures + 1
    io.stderr:write(("FAILED: %s: %s\n"):format(what, vim.inspect(seen)))
  end
end

local function wait_for(what, condition)
  check(what, vim.wait(20000, condition, 20), "not within 20 seconds")
end

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

-- The answers of the server at a place; the row counts from 1, the column from 0, in bytes.
local function ask(method, row, column)
  vim.api.nvim_win_set_cursor(0, { row, column })
  local params = vim.lsp.util.make_position_params(0, "utf-16")
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000) or {}
  for _, answer in pairs(answers) do
    return answer.result
  end
end

check("the file's type", vim.bo.filetype == "dag", vim.bo.filetype)
check("comments", vim.bo.commentstring == "# %s", vim.bo.commentstring)
wait_for("the server", function()
  return next(vim.lsp.buf_get_clients(0)) ~= nil
end)

-- a mistake, which is not saved, shows and goes
vim.api.nvim_buf_set_lines(0, 3, 4, false, { "loss = meann(h^2)  # ∂" })
wait_for("the mistake", function()
  return #vim.diagnostic.get(0) == 1
end)
local mistake = vim.diagnostic.get(0)[1] or {}
check("its text", (mistake.message or ""):find("did you mean `mean`", 1, true), mistake)
check("its place", mistake.lnum == 3 and mistake.col == 7 and mistake.end_col == 12, mistake)
vim.api.nvim_buf_set_lines(0, 3, 4, false, { "loss=mean( h^2 )" })
wait_for("no mistake", function()
  return #vim.diagnostic.get(0) == 0
end)

local hover = ask("textDocument/hover", 3, 0)
local text = hover and hover.contents.value or ""
check("hover", text:find("h: f32[2, 4]", 1, true) and text:find("# adjoint", 1, true), text)

vim.api.nvim_win_set_cursor(0, { 4, 11 })
vim.lsp.buf.definition()
wait_for("the definition of h", function()
  return vim.api.nvim_win_get_cursor(0)[1] == 3
end)
vim.api.nvim_win_set_cursor(0, { 3, 21 })
vim.lsp.buf.definition()
wait_for("the definition of relu", function()
  return vim.api.nvim_buf_get_name(0):find("prelude/activations.dag", 1, true) ~= nil
end)
local line = vim.api.nvim_get_current_line()
check("its line", line:find("fn relu(x)", 1, true), line)
vim.cmd("buffer 1")

if vim.lsp.buf.format then
  vim.lsp.buf.format({ timeout_ms = 20000 })
else
  vim.lsp.buf.formatting_sync(nil, 20000)
end
check("formatting", lines()[4] == "loss = mean(h^2)", lines())

vim.cmd(failures == 0 and "qall!" or "cquit")
