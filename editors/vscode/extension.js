// Starts `dagc lsp` for .dag files; all that it can do comes from there.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const command = workspace.getConfiguration("dagc").get("path");
  client = new LanguageClient("dagc", "dagc", { command, args: ["lsp"] }, {
    documentSelector: [{ language: "dag" }],
  });
  return client.start();
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };
