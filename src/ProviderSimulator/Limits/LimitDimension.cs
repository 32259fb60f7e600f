namespace Pipeline.ProviderSimulator.Limits;

internal enum LimitDimension
{
    None = 0,
    Requests = 1,
    Tokens = 2,
    InputTokens = 3,
    OutputTokens = 4,
    Concurrency = 5,
}
