using System.Globalization;
using System.Text.Json;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Protocols.OpenAi;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols.Azure;

/// <summary>Azure OpenAI: OpenAI's bodies, with its own key header, charges, rate-limit headers and refusals.</summary>
internal sealed class AzureProtocol(OpenAiProtocol openAi) : IProviderProtocol
{
    public string Name => "azure";

    public string RequestIdHeader => "apim-request-id";

    public ChargeModel Charges => ChargeModel.PromptPlusMaxTokens;

    public string? ReadKey(HttpRequest request)
    {
        string? key = request.Headers["api-key"];
        return string.IsNullOrEmpty(key) ? OpenAiProtocol.Bearer(request) : key;
    }

    public ProviderProblem? Read(JsonElement body, out ModelRequest? request) => openAi.Read(body, out request);

    /// <summary>Only what remains: neither the limit nor when it is whole again.</summary>
    public void WriteLimitHeaders(IHeaderDictionary headers, in LimitLevels levels, DateTimeOffset now)
    {
        Write(levels.Requests, "requests");
        Write(levels.Tokens, "tokens");

        void Write(in BucketLevel level, string what)
        {
            if (level.Limit > 0)
            {
                headers[$"x-ratelimit-remaining-{what}"] = Math.Floor(level.Remaining + 1e-6).ToString(CultureInfo.InvariantCulture);
            }
        }
    }

    public void WriteRetryHeaders(IHeaderDictionary headers, TimeSpan retryAfter) => openAi.WriteRetryHeaders(headers, retryAfter);

    public void WriteProblem(Utf8JsonWriter json, Call call, ProviderProblem problem)
    {
        if (problem.Verdict is not (Verdict.RequestLimited or Verdict.TokenLimited or Verdict.ConcurrencyLimited or Verdict.NeverFits))
        {
            openAi.WriteProblem(json, call, problem);
            return;
        }

        string what = problem.Verdict is Verdict.TokenLimited or Verdict.NeverFits ? "token" : "call";
        double seconds = Math.Max(1, Math.Ceiling((problem.RetryAfter ?? TimeSpan.FromMinutes(1)).TotalSeconds));
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("code", "429");
        json.WriteString("message", string.Create(CultureInfo.InvariantCulture,
            $"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded {what} rate limit of your current OpenAI S0 pricing tier. Please retry after {seconds} seconds."));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public void WriteAnswer(Utf8JsonWriter json, Call call, ModelRequest request, ModelAnswer answer) => openAi.WriteAnswer(json, call, request, answer);

    public IEnumerable<StreamEvent> StreamAnswer(Call call, ModelRequest request, ModelAnswer answer, int chunkCharacters) => openAi.StreamAnswer(call, request, answer, chunkCharacters);

    public StreamEvent StreamProblem(Call call, ProviderProblem problem) => openAi.StreamProblem(call, problem);
}
