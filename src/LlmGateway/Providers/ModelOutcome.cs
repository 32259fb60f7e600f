namespace Pipeline.LlmGateway.Providers;

/// <summary>What became of one call or of one request: a <see cref="ModelAnswer"/> or a <see cref="ModelFailure"/>.</summary>
internal abstract record ModelOutcome;
