using System.Globalization;
using System.Runtime.ExceptionServices;
using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Fallbacks;
using Polly.Timeout;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>
/// The breaker with fallback, as MassTransit middleware around the consumer. An open circuit answers by the tool's declared fallback at
/// once; a failure becomes an answer for the model, or the fallback where the manifest says so. (MassTransit's own circuit breaker has no
/// fallback, lets every waiting call through when it probes, and leaves the requester without an answer.)
/// </summary>
internal sealed class ToolBreakerFilter(ToolCircuit circuit, FallbackAnswers fallbacks, TimeProvider time, ILogger<ToolBreakerFilter> logger) : IFilter<ConsumeContext<RunTool>>
{
    public async Task Send(ConsumeContext<RunTool> context, IPipe<ConsumeContext<RunTool>> next)
    {
        var delivery = context.GetPayload<ToolDelivery>();
        var call = context.Message;
        delivery.Circuit = circuit.State;
        if (circuit.Abandoned.IsFull)
        {
            logger.TooManyAbandoned(circuit.Tool.Name, call.CallId, circuit.Abandoned.Count);
            delivery.Answer = await FallbackAsync(context, FailureCode.ToolUnavailable);
            return;
        }

        var manifest = circuit.Tool.Manifest;
        using var pass = await circuit.EnterAsync(manifest.FallbackOnFailure && manifest.Effects != ToolEffects.OnceOnly, context.CancellationToken);
        if (pass is null)
        {
            delivery.Answer = await FallbackAsync(context, FailureCode.ToolUnavailable);
            return;
        }

        using var deadline = UntilDeadline(call);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, deadline.Token, pass.CutOff);
        try
        {
            await circuit.ExecuteAsync(
                async token =>
                {
                    delivery.RunToken = token;
                    await next.Send(context);
                    if (delivery.Failure is { } failure)
                    {
                        ExceptionDispatchInfo.Throw(failure);
                    }
                },
                any.Token);
            pass.End = CallEnd.Succeeded;
            var output = delivery.Output ?? throw new InvalidOperationException($"The tool '{circuit.Tool.Name}' ended without an output.");
            delivery.Answer = ToolAnswer.Succeeded(output, delivery.Duration);
            fallbacks.Keep(circuit.Tool, call, delivery.Arguments, output.Content);
        }
        catch (TimeoutRejectedException)
        {
            logger.TimedOut(circuit.Tool.Name, call.CallId, manifest.Timeout);
            delivery.Answer = await FailedAsync(context, pass, FailureCode.ToolTimeout, TimeoutReason(manifest.Timeout));
        }
        catch (ToolThrewException e)
        {
            logger.Threw(e.InnerException, circuit.Tool.Name, call.CallId);
            delivery.Answer = await FailedAsync(context, pass, FailureCode.ToolFailed, $"The tool '{circuit.Tool.Name}' failed. {ReasonText.Of(e.InnerException ?? e)}");
        }
        catch (OperationCanceledException) when (pass.CutOff.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            logger.CutOff(circuit.Tool.Name, call.CallId, call.InvocationId);
            delivery.Answer = await FallbackAsync(context, FailureCode.ToolUnavailable);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            delivery.Answer = UnknownOutcome(delivery) is { } unknown
                ? unknown($"The deadline {call.Deadline:O} passed while the tool '{circuit.Tool.Name}' ran.")
                : ToolAnswer.Failed(FailureCode.DeadlineExceeded, $"The deadline {call.Deadline:O} passed while the tool '{circuit.Tool.Name}' ran.", delivery.Duration);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("toolBreaker").Add("state", circuit.State);

    private string TimeoutReason(TimeSpan timeout) => string.Create(
        CultureInfo.InvariantCulture,
        $"The tool '{circuit.Tool.Name}' did not answer within {timeout.TotalSeconds} s and was cancelled.");

    private Task<ToolAnswer> FallbackAsync(ConsumeContext<RunTool> context, string code)
    {
        var delivery = context.GetPayload<ToolDelivery>();
        return fallbacks.AnswerAsync(circuit.Tool, context.Message, delivery.Arguments, code, delivery.Duration, context.CancellationToken);
    }

    private async Task<ToolAnswer> FailedAsync(ConsumeContext<RunTool> context, CircuitPass pass, string code, string reason)
    {
        pass.End = CallEnd.Failed;
        pass.Reason = reason;
        var delivery = context.GetPayload<ToolDelivery>();
        if (UnknownOutcome(delivery) is { } unknown)
        {
            return unknown(reason);
        }

        return circuit.Tool.Manifest.FallbackOnFailure ? await FallbackAsync(context, code) : ToolAnswer.Failed(code, ReasonText.Bounded(reason), delivery.Duration);
    }

    // Once a tool that must not run twice has begun and does not say how it ended, neither a fallback nor "try again" would be true.
    private Func<string, ToolAnswer>? UnknownOutcome(ToolDelivery delivery) => delivery.Started && circuit.Tool is { Manifest.Effects: ToolEffects.OnceOnly, RecordsOutcome: false }
        ? reason => ToolAnswer.Failed(
            FailureCode.ToolOutcomeUnknown,
            ReasonText.Bounded($"{reason} Whether its effect happened is not known. Do not call it again for the same purpose before that was checked."),
            delivery.Duration)
        : null;

    // A tool's own time limit comes first in most calls: no timer for a deadline that cannot matter.
    private CancellationTokenSource UntilDeadline(RunTool call)
    {
        var left = call.Deadline - time.GetUtcNow();
        return left >= circuit.Tool.Manifest.Timeout ? new CancellationTokenSource() : new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
    }
}
