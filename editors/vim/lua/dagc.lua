-- Attaches `dagc lsp` to a buffer, in Neovim 0.7 and later. One server serves all buffers.
local M = {}
local client

function M.attach(buffer)
  if buffer == 0 then
    buffer = vim.api.nvim_get_current_buf()
  end
  if not client or vim.lsp.client_is_stopped(client) then
    client = vim.lsp.start_client({ name = "dagc", cmd = { "dagc", "lsp" } })
  end
  if client then
    vim.lsp.buf_attach_client(buffer, client)
  end
end

return M
