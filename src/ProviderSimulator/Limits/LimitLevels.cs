namespace Pipeline.ProviderSimulator.Limits;

internal readonly record struct LimitLevels(BucketLevel Requests, BucketLevel Tokens, BucketLevel InputTokens, BucketLevel OutputTokens, BucketLevel ProjectTokens = default);
