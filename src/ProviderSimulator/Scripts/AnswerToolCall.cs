namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>A tool call of an answer. <paramref name="Arguments"/> is sent as it is, so a rule can send broken JSON.</summary>
internal readonly record struct AnswerToolCall(string Tool, string Arguments);
