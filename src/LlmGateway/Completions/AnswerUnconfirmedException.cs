namespace Pipeline.LlmGateway.Completions;

/// <summary>The broker did not confirm an answer in time: the delivery goes back to it. An answer that arrived after all has the same message id.</summary>
internal sealed class AnswerUnconfirmedException(string message) : Exception(message);
