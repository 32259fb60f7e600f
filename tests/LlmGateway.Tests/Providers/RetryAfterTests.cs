using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Tests.Providers;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("retry-after", "7", 7d)]
    [InlineData("retry-after", "0.5", 0.5)]
    [InlineData("retry-after-ms", "174", 0.174)]
    [InlineData("retry-after", "Fri, 20 Nov 2026 12:00:30 GMT", 30d)]
    [InlineData("retry-after", "Fri, 20 Nov 2026 11:00:00 GMT", 0d)]
    [InlineData("retry-after", "-5", 0d)]
    [InlineData("retry-after", "999999999", 3600d)]
    [InlineData("retry-after", "soon", null)]
    [InlineData("retry-after", "NaN", null)]
    [InlineData("x-other", "1", null)]
    public void Every_form_is_understood_and_bounded(string header, string value, double? seconds)
    {
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation(header, value);

        Assert.Equal(seconds, RetryAfter.Read(response.Headers, Now)?.TotalSeconds);
    }
}
