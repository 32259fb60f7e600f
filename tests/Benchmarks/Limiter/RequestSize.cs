namespace Pipeline.Benchmarks.Limiter;

/// <param name="Prompt">Tokens, at four characters each.</param>
/// <param name="Kind">Index into <see cref="RequestSizes.Kinds"/>.</param>
internal readonly record struct RequestSize(int Prompt, int Kind)
{
    public int MaxOutput => RequestSizes.Kinds[Kind].Limit;
}
