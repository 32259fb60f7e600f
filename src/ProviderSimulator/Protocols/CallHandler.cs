using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>
/// Serves one model call, in the order the providers do: key, body, model, limits, then the work. Every arrival ends in the
/// ledger with exactly one verdict.
/// </summary>
internal sealed class CallHandler
{
    private const int MaxMarkLength = 128;
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly ProviderSimulatorOptions _options;
    private readonly HashSet<string> _models;
    private readonly LimiterDirectory _limiters;
    private readonly ScriptedModel _model;
    private readonly Outage _outage;
    private readonly Ledger _ledger;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private readonly ILogger<CallHandler> _logger;

    public CallHandler(
        IOptions<ProviderSimulatorOptions> options, LimiterDirectory limiters, ScriptedModel model, Outage outage, Ledger ledger, IdSource ids, TimeProvider time,
        ILogger<CallHandler> logger)
    {
        _options = options.Value;
        _models = new HashSet<string>(_options.Models, StringComparer.Ordinal);
        _limiters = limiters;
        _model = model;
        _outage = outage;
        _ledger = ledger;
        _ids = ids;
        _time = time;
        _logger = logger;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The edge: a bug must reach the caller as the provider's error, and the ledger as a verdict.")]
    public async Task HandleAsync(HttpContext context, IProviderProtocol protocol)
    {
        long started = _time.GetTimestamp();
        var call = new Call(_ids.Next("req_"), _time.GetUtcNow(), _ids);
        LedgerEntry entry = _ledger.Arrive(protocol.Name) with
        {
            RequestId = call.RequestId,
            InvocationId = Mark(context.Request.Headers["X-Invocation-Id"]),
            IdempotencyKey = Mark(context.Request.Headers["Idempotency-Key"]),
        };
        context.Response.Headers[protocol.RequestIdHeader] = call.RequestId;
        try
        {
            entry = await ServeAsync(context, protocol, call, entry);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            entry = entry with { Verdict = Verdict.CallerGone };
        }
        catch (BadHttpRequestException e)
        {
            entry = await RefuseAsync(context, protocol, call, entry, ProviderProblem.Invalid($"We could not read the body of your request. {e.Message}"));
        }
        catch (RegexMatchTimeoutException e)
        {
            _logger.PatternTooSlow(call.RequestId, e.Pattern, e.MatchTimeout);
            entry = await FailAsync(context, protocol, call, entry, $"A pattern of the rule file took longer than {e.MatchTimeout} on this request; simplify '{e.Pattern}'.");
        }
        catch (Exception e)
        {
            _logger.CallFailed(call.RequestId, e);
            entry = await FailAsync(context, protocol, call, entry, "The simulator failed; its log says why.");
        }
        finally
        {
            // No verdict: even the error could not be written. The organisation is set again, because an exception loses the entry on its way.
            _ledger.End(Identify(entry, call) with
            {
                Verdict = entry.Verdict == Verdict.None ? Verdict.CallerGone : entry.Verdict,
                DurationMilliseconds = Math.Round(_time.GetElapsedTime(started).TotalMilliseconds, 3),
            });
        }
    }

    /// <summary>A path or method that the simulator does not serve.</summary>
    public async Task RefuseRouteAsync(HttpContext context, IProviderProtocol protocol)
    {
        var call = new Call(_ids.Next("req_"), _time.GetUtcNow(), _ids);
        LedgerEntry entry = _ledger.Arrive(protocol.Name) with { RequestId = call.RequestId };
        context.Response.Headers[protocol.RequestIdHeader] = call.RequestId;
        try
        {
            entry = await RefuseAsync(context, protocol, call, entry,
                new ProviderProblem(Verdict.RouteNotFound, 404, $"Unknown request URL: {context.Request.Method} {context.Request.Path}. The simulator serves /v1/chat/completions, /v1/messages and /v1/models."));
        }
        finally
        {
            _ledger.End(entry with { Verdict = Verdict.RouteNotFound });
        }
    }

    private async Task<LedgerEntry> ServeAsync(HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry)
    {
        string? key = protocol.ReadKey(context.Request);
        if (_limiters.Find(key) is not { } limiter)
        {
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.Unauthenticated, 401));
        }

        call.Limiter = limiter;
        _ledger.Enter(limiter.Organisation);
        entry = Identify(entry, call) with { KeyAlias = Alias(key!) };

        using RequestBody? body = await ReadBodyAsync(context.Request, context.RequestAborted);
        if (body is null)
        {
            return await RefuseAsync(context, protocol, call, entry,
                new ProviderProblem(Verdict.TooLarge, 413, $"Request exceeds the maximum size of {_options.MaxRequestBytes} bytes."));
        }

        if (body.Json is null)
        {
            return await RefuseAsync(context, protocol, call, entry, ProviderProblem.Invalid($"We could not parse the JSON body of your request. {body.Error}"));
        }

        if (protocol.Read(body.Json.RootElement, out ModelRequest? request) is { } problem)
        {
            return await RefuseAsync(context, protocol, call, entry, problem);
        }

        using (request)
        {
            return await ServeAsync(context, protocol, call, entry, request!, limiter);
        }
    }

    private async Task<LedgerEntry> ServeAsync(
        HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ModelRequest request, OrganisationLimiter limiter)
    {
        call.Model = request.Model;
        entry = entry with { Model = request.Model, Turn = request.Turn, Stream = request.Stream, Caller = Mark(request.Caller) };
        if (_models.Count > 0 && !_models.Contains(request.Model))
        {
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.ModelNotFound, 404));
        }

        if (limiter.QuotaExhausted)
        {
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.QuotaExhausted, 429));
        }

        Charge charge = protocol.ChargeAtAdmission(request);
        if (limiter.Admit(charge) is { } refusal)
        {
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(VerdictOf(refusal), 429, Refusal: refusal, RetryAfter: refusal.RetryAfter));
        }

        try
        {
            return await AnswerAsync(context, protocol, call, entry with { ChargedTokens = charge.Tokens }, request, limiter);
        }
        finally
        {
            limiter.Finish();
        }
    }

    private async Task<LedgerEntry> AnswerAsync(
        HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ModelRequest request, OrganisationLimiter limiter)
    {
        ModelAnswer answer = _outage.Current is { } outage
            ? new ModelAnswer { Rule = Outage.RuleName, Fault = outage, InputTokens = request.PromptTokens }
            : _model.Answer(request);
        entry = entry with { Rule = answer.Rule };
        try
        {
            await DelayAsync(answer.Latency * _options.LatencyFactor, context.RequestAborted);
            if (answer.Fault is { Kind: FaultKind.Status } fault)
            {
                return await RefuseAsync(context, protocol, call, entry,
                    new ProviderProblem(Verdict.FaultStatus, fault.Status, fault.Message ?? "", RetryAfter: fault.RetryAfter));
            }

            if (answer.Fault is { Kind: FaultKind.Hang })
            {
                await DelayAsync(_options.MaxLatency, context.RequestAborted);
                context.Abort();
                return entry with { Verdict = Verdict.FaultHang };
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return entry with { Verdict = answer.Fault?.Kind == FaultKind.Hang ? Verdict.FaultHang : Verdict.CallerGone };
        }

        // From here on the provider has done the work and bills it, whether the answer arrives or not.
        Charge rest = protocol.ChargeAtEnd(request, answer);
        limiter.Settle(rest);
        entry = entry with { InputTokens = answer.InputTokens, OutputTokens = answer.OutputTokens, ChargedTokens = entry.ChargedTokens + rest.Tokens };
        if (answer.Fault is { Kind: FaultKind.Abort })
        {
            context.Abort();
            return entry with { Verdict = Verdict.FaultAbort };
        }

        WriteLimitHeaders(context, protocol, limiter);
        entry = entry with { Status = StatusCodes.Status200OK };
        try
        {
            if (request.Stream)
            {
                bool whole = await StreamAsync(context, protocol, call, request, answer);
                return entry with { Verdict = whole ? Verdict.Answered : Verdict.FaultAbort };
            }

            await WriteJsonAsync(context.Response, json => protocol.WriteAnswer(json, call, request, answer), context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return entry with { Verdict = Verdict.CallerGone };
        }

        return entry with { Verdict = Verdict.Answered };
    }

    /// <summary>False if a rule broke the stream.</summary>
    private async Task<bool> StreamAsync(HttpContext context, IProviderProtocol protocol, Call call, ModelRequest request, ModelAnswer answer)
    {
        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        StreamEvent[] events = [.. protocol.StreamAnswer(call, request, answer, _options.StreamChunkCharacters)];
        bool breaks = answer.Fault is { Kind: FaultKind.StreamError or FaultKind.StreamAbort };
        await using var json = new Utf8JsonWriter(response.BodyWriter, JsonOptions);
        foreach (StreamEvent next in events.AsEnumerable().Take(breaks ? (events.Length + 1) / 2 : events.Length))
        {
            await WriteEventAsync(response, json, next, context.RequestAborted);
        }

        if (answer.Fault is { Kind: FaultKind.StreamError } fault)
        {
            int status = fault.Status > 0 ? fault.Status : protocol.Name == "anthropic" ? 529 : 503;
            await WriteEventAsync(response, json, protocol.StreamProblem(call, new ProviderProblem(Verdict.FaultAbort, status, fault.Message ?? "")), context.RequestAborted);
        }
        else if (breaks)
        {
            context.Abort();
        }

        return !breaks;
    }

    private static async Task WriteEventAsync(HttpResponse response, Utf8JsonWriter json, StreamEvent next, CancellationToken cancellationToken)
    {
        if (next.Name is { } name)
        {
            Write("event: ");
            Write(name);
            Write("\n");
        }

        Write("data: ");
        if (next.Write is { } write)
        {
            json.Reset();
            write(json);
            json.Flush();
        }
        else
        {
            Write("[DONE]");
        }

        Write("\n\n");
        await response.BodyWriter.FlushAsync(cancellationToken);

        void Write(string text) => Encoding.UTF8.GetBytes(text, response.BodyWriter);
    }

    private async Task<LedgerEntry> RefuseAsync(HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ProviderProblem problem)
    {
        HttpResponse response = context.Response;
        response.StatusCode = problem.Status;
        if (call.Limiter is { } limiter)
        {
            WriteLimitHeaders(context, protocol, limiter);
        }

        if (problem.RetryAfter is { } retryAfter && _options.SendRetryAfter)
        {
            protocol.WriteRetryHeaders(response.Headers, retryAfter);
        }

        await WriteJsonAsync(response, json => protocol.WriteProblem(json, call, problem), context.RequestAborted);
        return Identify(entry, call) with { Verdict = problem.Verdict, Status = problem.Status };
    }

    private async Task<LedgerEntry> FailAsync(HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, string message)
    {
        entry = Identify(entry, call) with { Verdict = Verdict.SimulatorError };
        if (context.Response.HasStarted)
        {
            context.Abort();
            return entry;
        }

        return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.SimulatorError, 500, message));
    }

    private void WriteLimitHeaders(HttpContext context, IProviderProtocol protocol, OrganisationLimiter limiter)
    {
        context.Response.Headers[protocol.Name == "anthropic" ? "anthropic-organization-id" : "openai-organization"] = limiter.Organisation;
        if (_options.SendRateLimitHeaders)
        {
            protocol.WriteLimitHeaders(context.Response.Headers, limiter.Levels(), _time.GetUtcNow());
        }
    }

    private async Task<RequestBody?> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await RequestBody.ReadAsync(request, _options.MaxRequestBytes, cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // The server's own limit is below ours.
            return null;
        }
    }

    private Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        delay <= TimeSpan.Zero ? Task.CompletedTask : Task.Delay(delay < _options.MaxLatency ? delay : _options.MaxLatency, _time, cancellationToken);

    private static async Task WriteJsonAsync(HttpResponse response, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        response.ContentType = "application/json";
        var json = new Utf8JsonWriter(response.BodyWriter, JsonOptions);
        write(json);
        json.Flush();
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    private static LedgerEntry Identify(LedgerEntry entry, Call call) => entry with { Organisation = call.Limiter?.Organisation };

    private static Verdict VerdictOf(LimitRefusal refusal) => refusal switch
    {
        { RetryAfter: null } => Verdict.NeverFits,
        { Dimension: LimitDimension.Requests } => Verdict.RequestLimited,
        { Dimension: LimitDimension.Concurrency } => Verdict.ConcurrencyLimited,
        _ => Verdict.TokenLimited,
    };

    private static string Alias(string key) => "key-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 4));

    // The caller chooses these texts; the ledger holds many of them.
    private static string? Mark(string? text) => text is { Length: > MaxMarkLength } ? text[..MaxMarkLength] : text;
}
